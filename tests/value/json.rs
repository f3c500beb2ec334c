//! JSON text to values and back: what each text means, and where it is refused.

use snapfold::{
    Code,
    value::{
        BigInt, Date, ElementType, MAX_DEPTH, TypedArray, Value, Wtf8, diagnose, from_json, from_slice, to_json,
        to_vec, validate,
    },
};

use crate::{hex, offset, path};

fn value(json: &str) -> Value {
    let bytes = from_json(json.as_bytes()).unwrap_or_else(|error| panic!("{json}: {error}"));
    assert_eq!(validate(&bytes), Ok(()), "{json}");
    from_slice(&bytes).unwrap()
}

fn text(value: &Value) -> String {
    let bytes = to_vec(value).unwrap();
    let json = to_json(&bytes).unwrap_or_else(|error| panic!("{value:?}: {error}"));
    assert_eq!(from_json(json.as_bytes()).unwrap(), bytes, "{json}");
    json
}

#[test]
fn text_has_exactly_these_bytes() {
    for (json, bytes) in [
        ("null", "f6"),
        ("true", "f5"),
        ("false", "f4"),
        (r#""""#, "60"),
        (r#""ü水𐅑""#, "69 c3bc e6b0b4 f0908591"),
        ("[]", "80"),
        ("{}", "a0"),
        (" [ 1 , [ ] , { } ] ", "83 01 80 a0"),
        (r#"{"b":1,"a":{"":[null]}}"#, "a2 6162 01 6161 a1 60 81 f6"),
        ("\t\r\n {\"a\"\t:\r\n1}\n", "a1 6161 01"),
        (
            r#""\"\\\/\b\f\n\r\t\u00e9\u6c34\ud800\udd51""#,
            "71 225c2f080c0a0d09 c3a9 e6b0b4 f0908591",
        ),
    ] {
        assert_eq!(from_json(json.as_bytes()), Ok(hex(bytes)), "{json}");
    }
}

#[test]
fn heads_grow_with_their_counts() {
    for (count, head) in [
        (23, "97"),
        (24, "9818"),
        (255, "98ff"),
        (256, "990100"),
        (65_536, "9a00010000"),
    ] {
        // twice inside each other, so that both the inner and the outer head take more room
        let inner = vec!["0"; count].join(",");
        let outer = vec!["1"; count - 1].join(",");
        let expected = [hex(head), hex(head), vec![0; count], vec![1; count - 1]].concat();
        assert_eq!(
            from_json(format!("[[{inner}],{outer}]").as_bytes()),
            Ok(expected),
            "{count}"
        );
    }
    let object: Vec<String> = (0..300).map(|key| format!(r#""{key}":[]"#)).collect();
    let bytes = from_json(format!("{{{}}}", object.join(",")).as_bytes()).unwrap();
    assert_eq!(bytes[..3], [0xb9, 1, 44]);
    assert_eq!(validate(&bytes), Ok(()));
}

#[test]
fn numbers_mean_what_they_mean_in_ecmascript_but_integers_are_exact() {
    for (json, bytes) in [
        ("0", "00"),
        ("-1", "20"),
        ("9007199254740991", "1b001fffffffffffff"),
        ("-9007199254740991", "3b001ffffffffffffe"),
        // beyond 2^53 - 1: a BigInt
        ("9007199254740992", "1b0020000000000000"),
        ("-9007199254740992", "3b001fffffffffffff"),
        ("9999999999999999999", "1b8ac7230489e7ffff"),
        ("18446744073709551615", "1bffffffffffffffff"),
        ("18446744073709551616", "c249010000000000000000"),
        ("-18446744073709551616", "3bffffffffffffffff"),
        ("-18446744073709551617", "c349010000000000000000"),
        ("123456789012345678901234567890", "c24d018ee90ff6c373e0ee4e3f0ad2"),
        // a fraction or an exponent: a double, and in its shortest form
        ("1.0", "01"),
        ("1e2", "1864"),
        ("10E-1", "01"),
        ("-5.0e-1", "f9b800"),
        ("1.1", "fb3ff199999999999a"),
        ("9007199254740991.0", "1b001fffffffffffff"),
        ("9007199254740992.0", "fa5a000000"),
        ("9007199254740993.0", "fa5a000000"),
        (
            "9007199254740993.00000000000000000000000000000000001",
            "fb4340000000000001",
        ),
        ("1393796574908164101088487302713056956514304.0", "fb48b0000000000000"), // 2^140 + 2^87: half-way
        ("1393796574908164101088487302713056956514305.0", "fb48b0000000000001"),
        ("1e300", "fb7e37e43c8800759c"),
        // zeros have a sign
        ("-0", "f98000"),
        ("-0.0", "f98000"),
        ("-0e5", "f98000"),
        ("0.0", "00"),
        ("0e99999999999999999999", "00"),
        // too small
        ("1e-400", "00"),
        ("-1e-400", "f98000"),
        ("1e-99999999999999999999", "00"),
        ("4.9406564584124654e-324", "fb0000000000000001"),
        ("2.4703282292062328e-324", "fb0000000000000001"),
        ("2.4703282292062327e-324", "00"),
        ("2.2250738585072011e-308", "fb000fffffffffffff"),
        // the largest
        ("1.7976931348623157e308", "fb7fefffffffffffff"),
        (
            "1.7976931348623158079372897140530341507993413271003782693617377898e308",
            "fb7fefffffffffffff",
        ),
        ("0.00000000000000000000000000000000000000000000000001e50", "01"),
        ("100000000000000000000000000000000000000000000000000e-50", "01"),
    ] {
        assert_eq!(from_json(json.as_bytes()), Ok(hex(bytes)), "{json}");
    }
}

#[test]
fn a_double_is_rounded_by_all_of_its_digits() {
    // half of the smallest double, exactly: 2^-1075 has 751 digits from the first that is not zero
    let half = format!("{:.1100}", f64::from_bits(1)); // exact, as there are 1,074 places
    let digits: Vec<u8> = half.bytes().skip(2).map(|digit| digit - b'0').collect();
    let mut halved = String::from("0.");
    let mut carry = 0;
    for digit in digits {
        let dividend = carry * 10 + digit;
        halved.push(char::from(b'0' + dividend / 2));
        carry = dividend % 2;
    }
    let zeros = "0".repeat(2_000);
    assert_eq!(value(&halved), Value::Number(0.0), "a tie goes to the even double");
    assert_eq!(value(&format!("{halved}{zeros}")), Value::Number(0.0));
    assert_eq!(value(&format!("{halved}{zeros}1")), Value::Number(f64::from_bits(1)));
    assert_eq!(value(&format!("{halved}{zeros}1e0")), Value::Number(f64::from_bits(1)));
    assert_eq!(value(&format!("1{zeros}e-2000")), Value::Number(1.0));
    assert_eq!(value(&format!("0.{zeros}1e2001")), Value::Number(1.0));
}

#[test]
fn what_no_double_can_hold_is_refused_where_it_stands() {
    for number in [
        "1e400",
        "-1e400",
        "1.7976931348623159e308",
        "1e99999999999999999999",
        "123123e100000",
    ] {
        let json = format!("[0, {number}]");
        assert_eq!(offset(&from_json(json.as_bytes()).unwrap_err()), 4, "{number}");
    }
    let longest = "9".repeat(4_300);
    assert_eq!(text(&value(&longest)), longest);
    assert_eq!(text(&value(&format!("-1{}", "0".repeat(4_299)))).len(), 4_301);
    let json = format!(r#"{{"n":{longest}0}}"#);
    assert_eq!(offset(&from_json(json.as_bytes()).unwrap_err()), 5);
    assert_eq!(
        value(&format!("{longest}0e-4301")),
        Value::Number(1.0),
        "a double may have any number of digits"
    );
}

#[test]
fn lone_surrogates_stay_what_they_are() {
    let lone = |units: &[u16]| Value::Wtf8(Wtf8::from_utf16(units).unwrap_err());
    for (json, units) in [
        (r#""\ud800""#, vec![0xd800]),
        (r#""a\udfffb""#, vec![0x61, 0xdfff, 0x62]),
        (r#""\udc00\ud800""#, vec![0xdc00, 0xd800]),
        (r#""\ud800\ud800\udc00""#, vec![0xd800, 0xd800, 0xdc00]),
        (
            r#""\ud800\u0041\"\n\\ü\u0000""#,
            "\u{1}A\"\n\\ü\0".encode_utf16().collect(),
        ),
        (r#""\ud800\n\udc00퟿""#, vec![0xd800, 0x0a, 0xdc00, 0xd7ff]),
    ] {
        let units: Vec<u16> = units
            .into_iter()
            .map(|unit| if unit == 1 { 0xd800 } else { unit })
            .collect();
        assert_eq!(value(json), lone(&units), "{json}");
        text(&lone(&units));
    }
    assert_eq!(text(&lone(&[0xd83d, 0x22, 0xde00])), r#""\ud83d\"\ude00""#);
    assert_eq!(value(r#""\ud83d\ude00""#), Value::from("😀"));
    assert_eq!(offset(&from_json(br#"{"a":1, "\ud800":2}"#).unwrap_err()), 8);
}

/// A circumflex marks the byte that the error must name.
#[test]
fn malformed_text_is_refused_at_the_byte_that_is_wrong() {
    for marked in [
        // nothing, or too little
        "^",
        "  ^",
        "[^",
        "[1^",
        "[1,^",
        "{^",
        r#"{"a"^"#,
        r#"{"a":^"#,
        r#"{"a":1^"#,
        r#"{"a":1,^"#,
        // cut tokens
        r#"^"a"#,
        r#"[^"a\n"#,
        "[^tru",
        "[^nul",
        "^-",
        "[^1.",
        "[^1e",
        "[^1e+",
        // too much
        "1 ^2",
        "[]^]",
        "{}^,",
        r#""a"^"b""#,
        "null^\0",
        // punctuation
        "[1,^]",
        "[^,1]",
        "[1 ^2]",
        "[1^:2]",
        "[1^}",
        r#"{"a":1,^}"#,
        r#"{^,"a":1}"#,
        r#"{"a"^,1}"#,
        r#"{"a" ^1}"#,
        r#"{"a":^}"#,
        r#"{"a":1^]"#,
        r#"{"a":1 ^"b":2}"#,
        r#"{^1:2}"#,
        r#"{^a:2}"#,
        r#"{^'a':2}"#,
        // words and comments
        "^True",
        "[^nulL]",
        "^undefined",
        "^NaN",
        "^Infinity",
        "[1^/**/]",
        "^// x",
        "^'a'",
        // numbers
        "^+1",
        "^.5",
        "[^-]",
        "[^-a]",
        "[^01]",
        "[^-012]",
        "[^1.]",
        "[^1.e1]",
        "[^1e]",
        "[^1e+]",
        "[0^x10]",
        "[1.5^.5]",
        "[1^_000]",
        "^-Infinity",
        // text
        "[\"a^\n\"]",
        "\"^\t\"",
        "\"a^\0\"",
        r#""^\x41""#,
        r#""a^\u12g4""#,
        r#""^\u123""#,
        r#""^\U0041""#,
        r#""^\'""#,
        r#"{"^\a":1}"#,
        // no white space
        "[1,^\u{a0}2]",
        "[^\u{c}]",
        "^\u{feff}[]",
    ] {
        let at = marked.find('^').unwrap();
        let json = marked.replacen('^', "", 1);
        let error = from_json(json.as_bytes()).expect_err(&json);
        assert_eq!(offset(&error), at as u64, "{json:?}: {error}");
    }
    assert!(
        from_json("\u{feff}1".as_bytes())
            .unwrap_err()
            .message()
            .contains("byte order mark")
    );
}

#[test]
fn bytes_that_are_not_utf_8_are_refused_at_the_first_of_them() {
    for (before, wrong, after) in [
        ("[\"a", "ff", "\"]"),
        ("\"", "80", "\""),   // a lone continuation
        ("\"", "c0af", "\""), // overlong
        ("\"", "e08080", "\""),
        ("\"", "f08080af", "\""),
        ("\"", "eda080", "\""),   // a surrogate
        ("\"", "f4908080", "\""), // beyond U+10FFFF
        ("\"ü", "e6b0", "\""),    // cut by the end of the text
        ("\"", "e6b0", ""),       // cut by the end of the input
        ("{\"", "fe", "\":1}"),
        ("[1", "e9", "]"),
        ("[tru", "e9", "]"),
        ("[1,", "ff", ""),
        ("", "ff", "fe5b005d00"), // UTF-16
        ("[]", "80", ""),
    ] {
        let json = [before.as_bytes(), &hex(wrong), after.as_bytes()].concat();
        let error = from_json(&json).expect_err(wrong);
        assert_eq!(offset(&error), before.len() as u64, "{before}{wrong}{after}: {error}");
    }
    // what is wrong before it comes first
    assert_eq!(offset(&from_json(b"[1 2, \"\xff\"]").unwrap_err()), 3);
    assert_eq!(offset(&from_json(b"[01, \"\xff\"]").unwrap_err()), 1);
}

#[test]
fn a_repeated_key_is_refused_where_it_repeats() {
    for marked in [
        r#"{"a":1,^"a":2}"#,
        r#"{"a":1,"b":2,^"a":3,"b":4}"#,
        r#"{"a":1,^"\u0061":2}"#,
        r#"{"":1,^"":1}"#,
        r#"[{"a":1},{"b":1,"c":{"a":1,^"a":1}}]"#,
        // before whatever is wrong after it, further out before further in
        r#"{"a":1,^"a":{"b":1,"b":2}}"#,
        r#"{"a":1,^"a":{"b":1,"b":2,!"#,
        r#"{"a":1,^"a":[1e400]}"#,
        r#"{"z":{"b":1,^"b":2, 01"#,
    ] {
        let at = marked.find('^').unwrap();
        let json = marked.replacen('^', "", 1);
        assert_eq!(
            offset(&from_json(json.as_bytes()).expect_err(&json)),
            at as u64,
            "{json}"
        );
    }
    assert_eq!(offset(&from_json(br#"{"a":01,"a":2}"#).unwrap_err()), 5);
    assert!(from_json(br#"[{"a":1},{"a":1,"A":1,"b":{"a":1}}]"#).is_ok());
}

#[test]
fn many_keys_out_of_order_are_checked_in_reasonable_time() {
    let keys: Vec<String> = (0..100_000).rev().map(|key| format!(r#""{key:08}":null"#)).collect();
    let json = format!("{{{}}}", keys.join(","));
    assert!(from_json(json.as_bytes()).is_ok());
    let repeated = format!("{}{}", &json[..json.len() - 1], r#","00099999":1}"#);
    assert_eq!(offset(&from_json(repeated.as_bytes()).unwrap_err()), json.len() as u64);
}

#[test]
fn depth_is_bounded_and_costs_no_stack() {
    for (open, middle, close, levels) in [("[", "", "]", 1), (r#"{"":"#, "0", "}", 1), (r#"[{"":"#, "[]", "}]", 2)] {
        let nested = |times: usize| format!("{}{middle}{}", open.repeat(times), close.repeat(times));
        let most = (MAX_DEPTH - usize::from(middle == "[]")) / levels;
        let bytes = from_json(nested(most).as_bytes()).unwrap();
        assert_eq!(to_json(&bytes).unwrap(), nested(most));
        let deeper = nested(most + 1);
        let at = deeper
            .bytes()
            .enumerate()
            .filter(|(_, byte)| b"[{".contains(byte))
            .nth(MAX_DEPTH)
            .unwrap()
            .0;
        assert_eq!(offset(&from_json(deeper.as_bytes()).unwrap_err()), at as u64);
    }
    assert_eq!(
        offset(&from_json("[".repeat(1_000_000).as_bytes()).unwrap_err()),
        MAX_DEPTH as u64
    );
}

#[test]
fn every_truncation_is_refused_inside_of_the_text() {
    let json = r#" {"a\u00e9": [1, -2.5e+10, "x\n\ud83d\ude00ü", true, false, null], "": {"b": [[], {}]}, "n": 1234567890123456789012 } "#;
    let whole = json.trim_end().len();
    assert!(from_json(json.as_bytes()).is_ok());
    for length in 0..whole {
        let error = from_json(&json.as_bytes()[..length]).unwrap_err();
        assert!(offset(&error) <= length as u64, "{length}: {error}");
    }
}

#[test]
fn values_are_written_as_json_stringify_writes_them() {
    for (number, json) in [
        (0.0, "0"),
        (-1.0, "-1"),
        (9_007_199_254_740_991.0, "9007199254740991"),
        (0.1, "0.1"),
        (-4.1, "-4.1"),
        (123.456, "123.456"),
        (1e-6, "0.000001"),
        (1.5e-7, "1.5e-7"),
        (5e-324, "5e-324"),
        // of two that are as near, the even one
        (2f64.powi(-25), "2.9802322387695312e-8"),
        (1_049.0 / 1_048_576.0, "0.0010004043579101562"),
        (1_051.0 / 1_048_576.0, "0.0010023117065429688"),
        (1e21, "1e+21"),
        (1.2345e22, "1.2345e+22"),
        (1e23, "1e+23"),
        (f64::MAX, "1.7976931348623157e+308"),
        (f64::MIN_POSITIVE, "2.2250738585072014e-308"),
        (9.5367431640625e-7, "9.5367431640625e-7"),
        // where it would write what reads like a BigInt, or loses the sign
        (9_007_199_254_740_992.0, "9007199254740992.0"),
        (-123_456_789_012_345_680_000.0, "-123456789012345680000.0"),
        (-0.0, "-0"),
    ] {
        assert_eq!(text(&Value::Number(number)), json);
    }
    for (string, json) in [
        ("", r#""""#),
        ("\"\\/\u{8}\u{c}\n\r\t", r#""\"\\/\b\f\n\r\t""#),
        ("\0\u{1f}\u{7f}", "\"\\u0000\\u001f\u{7f}\""),
        ("ü水𐅑\u{2028}\u{feff}", "\"ü水𐅑\u{2028}\u{feff}\""),
        (
            "long enough for more than one step, \"quoted\"",
            r#""long enough for more than one step, \"quoted\"""#,
        ),
    ] {
        assert_eq!(text(&Value::from(string)), json);
    }
    let object = Value::Object(vec![
        (
            "z".into(),
            Value::Array(vec![Value::Null, Value::Bool(true), Value::Array(vec![])]),
        ),
        (
            "a\"".into(),
            Value::Object(vec![("".into(), Value::BigInt(BigInt::from(u64::MAX)))]),
        ),
        ("e".into(), Value::Object(vec![])),
    ]);
    assert_eq!(
        text(&object),
        r#"{"z":[null,true,[]],"a\"":{"":18446744073709551615},"e":{}}"#
    );
    assert_eq!(
        text(&Value::BigInt(BigInt::from(-(1i128 << 64)))),
        "-18446744073709551616"
    );
    assert_eq!(
        text(&Value::BigInt(BigInt::from(-(1i128 << 64) - 1))),
        "-18446744073709551617"
    );
}

#[test]
fn characters_that_need_an_escape_are_found_wherever_they_stand() {
    let others = "plain text, long enough for several steps";
    for at in 0..others.len() {
        for special in (0..0x20).chain(*b"\"\\") {
            let string = format!("{}{}{}", &others[..at], char::from(special), &others[at..]);
            assert_eq!(text(&Value::from(string.as_str())).len(), {
                let short = b"\"\\\x08\x0c\n\r\t".contains(&special);
                others.len() + 2 + if short { 2 } else { 6 }
            });
            let raw = format!("\"{string}\"");
            if special < 0x20 {
                assert_eq!(offset(&from_json(raw.as_bytes()).unwrap_err()), at as u64 + 1);
            }
        }
    }
}

#[test]
fn what_json_has_no_word_for_is_refused_with_its_path() {
    let typed = TypedArray::new(ElementType::Float32, vec![0; 4]).unwrap();
    let long = BigInt::new(false, &[0xff; 1_786]); // 4,301 digits
    for (value, word) in [
        (Value::Undefined, "undefined"),
        (Value::Number(f64::NAN), "NaN"),
        (Value::Number(f64::NEG_INFINITY), "infinities"),
        (Value::Bytes(vec![1]), "bytes"),
        (Value::TypedArray(typed), "typed arrays"),
        (Value::Date(Date::from_millis(0).unwrap()), "Date"),
        (Value::Map(vec![(Value::Null, Value::Null)]), "Map"),
        (Value::Set(vec![]), "Set"),
        (Value::BigInt(BigInt::from(0)), "BigInt"),
        (Value::BigInt(BigInt::from(-9_007_199_254_740_991i64)), "BigInt"),
        (Value::BigInt(long), "4,300 digits"),
    ] {
        let error = to_json(&to_vec(&value).unwrap()).unwrap_err();
        assert_eq!((error.code(), path(&error)), (Code::Unencodable, "state"));
        assert!(error.message().contains(word), "{error}");
        let line = Value::Object(vec![("ok".into(), Value::Null), ("price".into(), value)]);
        let lines = Value::Array(vec![Value::Null, Value::Array(vec![]), line]);
        let state = Value::Object(vec![("first one".into(), Value::Null), ("lines".into(), lines)]);
        assert_eq!(
            path(&to_json(&to_vec(&state).unwrap()).unwrap_err()),
            "state.lines[2].price"
        );
    }
    let odd = Value::Object(vec![("not plain".into(), Value::Array(vec![Value::Undefined]))]);
    assert_eq!(
        path(&to_json(&to_vec(&odd).unwrap()).unwrap_err()),
        r#"state["not plain"][0]"#
    );
}

/// The example of docs/using.md.
#[test]
fn a_state_goes_through_json_and_can_be_looked_at() {
    let state = from_json(br#"{"id": 9007199254740993, "lines": ["tea"]}"#).unwrap();
    assert_eq!(to_json(&state).unwrap(), r#"{"id":9007199254740993,"lines":["tea"]}"#);
    assert_eq!(diagnose(&state, 80), r#"{"id": 9007199254740993, "lines": ["tea"]}"#);
}

#[test]
fn bytes_that_are_no_value_are_refused_as_such() {
    for (bytes, at) in [("", 0), ("8201", 2), ("a2616101616102", 4), ("0000", 1), ("1800", 0)] {
        assert_eq!(offset(&to_json(&hex(bytes)).unwrap_err()), at, "{bytes}");
    }
}
