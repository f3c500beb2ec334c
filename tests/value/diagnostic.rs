//! Diagnostic notation: what any bytes look like to a person.

use snapfold::value::{Value, diagnose, from_slice, to_vec};

use crate::{hex, offset};

/// RFC 8949, appendix A, as it stands there.
const APPENDIX_A: &[(&str, &str)] = &[
    ("0", "00"),
    ("1", "01"),
    ("10", "0a"),
    ("23", "17"),
    ("24", "1818"),
    ("25", "1819"),
    ("100", "1864"),
    ("1000", "1903e8"),
    ("1000000", "1a000f4240"),
    ("1000000000000", "1b000000e8d4a51000"),
    ("18446744073709551615", "1bffffffffffffffff"),
    ("18446744073709551616", "c249010000000000000000"),
    ("-18446744073709551616", "3bffffffffffffffff"),
    ("-18446744073709551617", "c349010000000000000000"),
    ("-1", "20"),
    ("-10", "29"),
    ("-100", "3863"),
    ("-1000", "3903e7"),
    ("0.0", "f90000"),
    ("-0.0", "f98000"),
    ("1.0", "f93c00"),
    ("1.1", "fb3ff199999999999a"),
    ("1.5", "f93e00"),
    ("65504.0", "f97bff"),
    ("100000.0", "fa47c35000"),
    ("3.4028234663852886e+38", "fa7f7fffff"),
    ("1.0e+300", "fb7e37e43c8800759c"),
    ("5.960464477539063e-8", "f90001"),
    ("0.00006103515625", "f90400"),
    ("-4.0", "f9c400"),
    ("-4.1", "fbc010666666666666"),
    ("Infinity", "f97c00"),
    ("NaN", "f97e00"),
    ("-Infinity", "f9fc00"),
    ("Infinity", "fa7f800000"),
    ("NaN", "fa7fc00000"),
    ("-Infinity", "faff800000"),
    ("Infinity", "fb7ff0000000000000"),
    ("NaN", "fb7ff8000000000000"),
    ("-Infinity", "fbfff0000000000000"),
    ("false", "f4"),
    ("true", "f5"),
    ("null", "f6"),
    ("undefined", "f7"),
    ("simple(16)", "f0"),
    ("simple(255)", "f8ff"),
    (
        r#"0("2013-03-21T20:04:00Z")"#,
        "c074323031332d30332d32315432303a30343a30305a",
    ),
    ("1(1363896240)", "c11a514b67b0"),
    ("1(1363896240.5)", "c1fb41d452d9ec200000"),
    ("23(h'01020304')", "d74401020304"),
    ("24(h'6449455446')", "d818456449455446"),
    (
        r#"32("http://www.example.com")"#,
        "d82076687474703a2f2f7777772e6578616d706c652e636f6d",
    ),
    ("h''", "40"),
    ("h'01020304'", "4401020304"),
    (r#""""#, "60"),
    (r#""a""#, "6161"),
    (r#""IETF""#, "6449455446"),
    (r#""\"\\""#, "62225c"),
    (r#""\u00fc""#, "62c3bc"),
    (r#""\u6c34""#, "63e6b0b4"),
    (r#""\ud800\udd51""#, "64f0908591"),
    ("[]", "80"),
    ("[1, 2, 3]", "83010203"),
    ("[1, [2, 3], [4, 5]]", "8301820203820405"),
    (
        "[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25]",
        "98190102030405060708090a0b0c0d0e0f101112131415161718181819",
    ),
    ("{}", "a0"),
    ("{1: 2, 3: 4}", "a201020304"),
    (r#"{"a": 1, "b": [2, 3]}"#, "a26161016162820203"),
    (r#"["a", {"b": "c"}]"#, "826161a161626163"),
    (
        r#"{"a": "A", "b": "B", "c": "C", "d": "D", "e": "E"}"#,
        "a56161614161626142616361436164614461656145",
    ),
    ("(_ h'0102', h'030405')", "5f42010243030405ff"),
    (r#"(_ "strea", "ming")"#, "7f657374726561646d696e67ff"),
    ("[_ ]", "9fff"),
    ("[_ 1, [2, 3], [_ 4, 5]]", "9f018202039f0405ffff"),
    ("[_ 1, [2, 3], [4, 5]]", "9f01820203820405ff"),
    ("[1, [2, 3], [_ 4, 5]]", "83018202039f0405ff"),
    ("[1, [_ 2, 3], [4, 5]]", "83019f0203ff820405"),
    (
        "[_ 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25]",
        "9f0102030405060708090a0b0c0d0e0f101112131415161718181819ff",
    ),
    (r#"{_ "a": 1, "b": [_ 2, 3]}"#, "bf61610161629f0203ffff"),
    (r#"["a", {_ "b": "c"}]"#, "826161bf61626163ff"),
    (r#"{_ "Fun": true, "Amt": -2}"#, "bf6346756ef563416d7421ff"),
];

#[test]
fn the_examples_of_the_rfc_look_as_they_do_there() {
    assert_eq!(APPENDIX_A.len(), 81);
    for (notation, bytes) in APPENDIX_A {
        assert_eq!(diagnose(&hex(bytes), 1_000), *notation, "{bytes}");
    }
    // RFC 7049 had one more, which is not well-formed any more.
    assert!(diagnose(&hex("f818"), 1_000).starts_with("/ malformed at byte 0: a simple value"));
}

#[test]
fn the_way_something_is_written_shows() {
    for (notation, bytes) in [
        ("1_0", "1801"),
        ("1_1", "190001"),
        ("-1_2", "3a00000000"),
        ("1_3", "1b0000000000000001"),
        ("23_0, 24", "18171818"),
        ("255_1, 256", "1900ff190100"),
        ("65535_2, 65536", "1a0000ffff1a00010000"),
        ("4294967295_3, 4294967296", "1b00000000ffffffff1b0000000100000000"),
        ("1.5_2", "fa3fc00000"),
        ("1.5_3", "fb3ff8000000000000"),
        ("100000.0_3", "fb40f86a0000000000"),
        ("0.0_3", "fb0000000000000000"),
        (r#""a"_0"#, "780161"),
        ("h''_1", "590000"),
        ("[_0 1]", "980101"),
        ("[_2 ]", "9a00000000"),
        ("{_1 1: 2}", "b900010102"),
        ("{_ }", "bfff"),
        ("1_0(0)", "d80100"),
        ("''_", "5fff"),
        ("\"\"_", "7fff"),
        ("(_ h'', h'01'_0)", "5f405801 01ff"),
        // bignums: a number where the number leaves no doubt
        ("2(h'01')", "c24101"),
        ("2(h'ffffffffffffffff')", "c248ffffffffffffffff"),
        ("2(h'00010000000000000000')", "c24a00010000000000000000"),
        ("2(h'010000000000000000'_0)", "c25809010000000000000000"),
        ("2_0(h'010000000000000000')", "d80249010000000000000000"),
        ("3((_ h'010000000000000000'))", "c35f49010000000000000000ff"),
        ("3(1)", "c301"),
        ("-4722366482869645213696", "c349ffffffffffffffffff"),
        // more than one, also under tags and as keys
        ("1, 2, [3]", "01028103"),
        (r#"1(2(3)), {[1]: {}, h'': "x"}"#, "c1c203 a2 8101 a0 40 6178"),
        ("", ""),
    ] {
        assert_eq!(diagnose(&hex(bytes), 1_000), notation, "{bytes}");
    }
}

#[test]
fn text_is_ascii_and_unmistakable() {
    let text = to_vec("\0\n\u{7f}\u{200f}\u{feff}😀~ ").unwrap();
    assert_eq!(diagnose(&text, 1_000), r#""\u0000\n\u007f\u200f\ufeff\ud83d\ude00~ ""#);
    assert_eq!(
        diagnose(&hex("82 62ffff 01"), 1_000),
        "[h'ffff' / text that is not UTF-8 /, 1]"
    );
}

#[test]
fn what_is_malformed_is_shown_as_far_as_it_goes() {
    for (notation, bytes) in [
        ("/ malformed at byte 0: a reserved head /", "1c"),
        ("/ malformed at byte 0: a reserved head /", "1f"),
        ("/ malformed at byte 0: a reserved head /", "df00"),
        ("/ malformed at byte 0: a break without an indefinite length /", "ff"),
        (
            "[ / malformed at byte 1: a break without an indefinite length /",
            "81ff",
        ),
        (
            "[1 / malformed at byte 2: an item is missing: the input ends too early /",
            "8201",
        ),
        (
            "{1: 2, 3 / malformed at byte 4: an item is missing: the input ends too early /",
            "a2010203",
        ),
        (
            "[_ 1 / malformed at byte 2: an item is missing: the input ends too early /",
            "9f01",
        ),
        (
            "1( / malformed at byte 1: an item is missing: the input ends too early /",
            "c1",
        ),
        (
            "1, 2 / malformed at byte 2: the input ends inside this item /",
            "010219",
        ),
        (
            "1 / malformed at byte 1: the input ends inside this item /",
            "015bffffffffffffffff00",
        ),
        ("{_ 1 / malformed at byte 2: a key without a value /", "bf01ff"),
        ("/ malformed at byte 0: a simple value below 32 in two bytes /", "f81f"),
    ] {
        assert_eq!(diagnose(&hex(bytes), 1_000), notation, "{bytes}");
    }
    for pieces in ["5f00ff", "5f6161ff", "7f4101ff", "5f5f4101ffff"] {
        let text = diagnose(&hex(pieces), 1_000);
        assert!(
            text.starts_with("(_  / malformed at byte 1: a piece of a string"),
            "{text}"
        );
    }
}

#[test]
fn the_limit_is_kept_and_the_rest_counted() {
    let bytes = hex("84 1903e8 6568656c6c6f 43010203 f5"); // 15 bytes
    assert_eq!(diagnose(&bytes, 1_000), r#"[1000, "hello", h'010203', true]"#);
    for (limit, notation) in [
        (32, r#"[1000, "hello", h'010203', true]"#),
        (31, r#"[1000, "hello", h'010203', true… / bytes left: 0 /"#),
        (30, r#"[1000, "hello", h'010203', … / bytes left: 1 /"#),
        (21, r#"[1000, "hello", h'01… / bytes left: 3 /"#),
        (11, r#"[1000, "hel… / bytes left: 7 /"#),
        (4, "[… / bytes left: 14 /"),
        (0, "… / bytes left: 15 /"),
    ] {
        assert_eq!(diagnose(&bytes, limit), notation, "{limit}");
    }
    for limit in 0..60 {
        let text = diagnose(&bytes, limit);
        let shown = text.split('…').next().unwrap();
        assert!(shown.len() <= limit && shown.is_ascii());
    }
}

#[test]
fn depth_costs_no_stack_and_is_cut() {
    for open in ["81", "c1", "9f", "a1"] {
        let text = diagnose(&hex(open).repeat(1_000_000), usize::MAX);
        assert!(
            text.len() < 10_000 && text.ends_with("… / bytes left: 998976 /"),
            "{}",
            &text[text.len() - 40..]
        );
    }
    let deep = [vec![0x81; 1_000], vec![0x80]].concat();
    assert_eq!(
        diagnose(&deep, usize::MAX),
        format!("{}[]{}", "[".repeat(1_000), "]".repeat(1_000))
    );
}

#[test]
fn an_item_that_does_not_fit_its_type_is_quoted() {
    let state = Value::Object(vec![
        ("id".into(), Value::from("a rather long identifier, longer than a line")),
        ("count".into(), Value::Array(vec![Value::from(1.5), Value::Null])),
    ]);
    let bytes = to_vec(&state).unwrap();
    #[derive(Debug, serde::Deserialize)]
    #[expect(dead_code, reason = "only read")]
    struct WrongCount {
        count: u32,
    }
    let error = from_slice::<WrongCount>(&bytes).unwrap_err();
    assert!(error.message().ends_with("; found [1.5, null]"), "{error}");
    let error = from_slice::<u32>(&bytes).unwrap_err();
    assert_eq!(offset(&error), 0);
    let found = error.message().split("; found ").last().unwrap();
    assert_eq!(found, r#"{"id": "a rather long identifier, longe…"#);
    assert_eq!(found.chars().count(), 40);
}

#[test]
fn any_bytes_end_in_a_text() {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    for round in 0..20_000 {
        let bytes: Vec<u8> = (0..round % 40)
            .map(|_| {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                state as u8
            })
            .collect();
        let (all, some) = (diagnose(&bytes, usize::MAX), diagnose(&bytes, 12));
        let shown = some.split(['…', '/']).next().unwrap();
        assert!(all.starts_with(shown.trim_end()), "{all} and {some}");
        if from_slice::<Value>(&bytes).is_ok() {
            assert!(!all.contains('/'), "{all}");
        }
    }
}
