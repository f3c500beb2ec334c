//! What holds for JSON of every value and for any text.

use proptest::{collection::vec, prelude::*};
use serde_json::Value as Json;
use snapfold::value::{BigInt, Value, Wtf8, from_json, from_slice, to_json, to_vec, validate};

/// Any double, and often one whose neighbours are few digits away: half-way points are short there.
fn double() -> impl Strategy<Value = f64> {
    prop_oneof![
        any::<u64>().prop_map(f64::from_bits),
        (1u64 << 52..1 << 53, -6..8i32).prop_map(|(significand, power)| significand as f64 * 2f64.powi(power)),
    ]
    .prop_filter("finite", |number| number.is_finite())
}

/// Values that JSON has a word for.
fn value() -> impl Strategy<Value = Value> {
    let big = (any::<bool>(), 1..=u8::MAX, vec(any::<u8>(), 7..40)).prop_map(|(negative, first, mut magnitude)| {
        magnitude.insert(0, first);
        Value::BigInt(BigInt::new(negative, &magnitude))
    });
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i32>().prop_map(Value::from),
        (any::<i32>(), 0..6).prop_map(|(digits, places)| Value::from(f64::from(digits) / 10f64.powi(places))),
        any::<i64>().prop_map(Value::from),
        double().prop_map(Value::Number),
        any::<f32>().prop_map(Value::from),
        big,
        any::<String>().prop_map(Value::Text),
        "[ -~]{0,30}".prop_map(Value::Text),
        vec(prop_oneof![any::<u16>(), 0xd7f0..0xe010u16, 0..0x80u16], 0..12)
            .prop_map(|units| Wtf8::from_utf16(&units).map_or_else(Value::Wtf8, Value::Text)),
    ];
    leaf.prop_recursive(5, 80, 30, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..30).prop_map(Value::Array),
            vec((prop_oneof!["[a-d]{0,3}", any::<String>()], inner), 0..30).prop_map(|mut entries| {
                let mut seen = std::collections::BTreeSet::new();
                entries.retain(|(key, _)| seen.insert(key.clone()));
                Value::Object(entries)
            }),
        ]
    })
}

/// A writer of JSON with every freedom that the grammar leaves; a tape of bytes says which one it takes.
struct Scribe<'t> {
    tape: std::iter::Cycle<std::slice::Iter<'t, u8>>,
    out: String,
}

impl Scribe<'_> {
    fn choose(&mut self, ways: u8) -> u8 {
        self.tape.next().map_or(0, |choice| choice % ways)
    }

    fn space(&mut self) {
        let space = ["", "", "", " ", "\n", "\t", "\r\n", "  "][usize::from(self.choose(8))];
        self.out.push_str(space);
    }

    fn value(&mut self, value: &Value) {
        self.space();
        match value {
            Value::Null => self.out.push_str("null"),
            Value::Bool(value) => self.out.push_str(if *value { "true" } else { "false" }),
            Value::Number(number) => self.number(*number),
            Value::BigInt(integer) => {
                let sign = if integer.is_negative() { "-" } else { "" };
                self.out.push_str(sign);
                self.out.push_str(&decimal(integer.magnitude()));
            }
            Value::Text(text) => self.text(&text.encode_utf16().collect::<Vec<u16>>()),
            Value::Wtf8(text) => self.text(&text.to_utf16()),
            Value::Array(elements) => {
                self.out.push('[');
                for (index, element) in elements.iter().enumerate() {
                    self.comma(index);
                    self.value(element);
                }
                self.space();
                self.out.push(']');
            }
            Value::Object(entries) => {
                self.out.push('{');
                for (index, (key, value)) in entries.iter().enumerate() {
                    self.comma(index);
                    self.space();
                    self.text(&key.encode_utf16().collect::<Vec<u16>>());
                    self.space();
                    self.out.push(':');
                    self.value(value);
                }
                self.space();
                self.out.push('}');
            }
            other => panic!("{other:?} is no JSON"),
        }
        self.space();
    }

    fn comma(&mut self, index: usize) {
        if index > 0 {
            self.out.push(',');
        }
    }

    fn number(&mut self, number: f64) {
        let scientific = format!("{number:e}");
        let text = match self.choose(5) {
            0 => scientific,
            1 => scientific.replace('e', "E"),
            2 if !scientific.contains("e-") => scientific.replace('e', "e+0"),
            3 => format!("{number:.17e}"),
            _ if number.fract() == 0.0 && number.abs() > 9_007_199_254_740_991.0 => format!("{number}.00"),
            _ => format!("{number}"),
        };
        self.out.push_str(&text);
    }

    fn text(&mut self, units: &[u16]) {
        self.out.push('"');
        for unit in char::decode_utf16(units.iter().copied()) {
            let character = match unit {
                Ok(character) => character,
                Err(lone) => {
                    self.out.push_str(&format!("\\u{:04x}", lone.unpaired_surrogate()));
                    continue;
                }
            };
            let short = "\"\\/\u{8}\u{c}\n\r\t".find(character).map(|at| &"\"\\/bfnrt"[at..=at]);
            match (self.choose(4), short) {
                (0 | 1, Some(letter)) => self.out.push_str(&format!("\\{letter}")),
                (2, _) | (_, Some("\"" | "\\")) => self.escape(character),
                _ if character < ' ' => self.escape(character),
                _ => self.out.push(character),
            }
        }
        self.out.push('"');
    }

    fn escape(&mut self, character: char) {
        for unit in character.encode_utf16(&mut [0; 2]) {
            let text = if self.choose(2) == 0 {
                format!("\\u{unit:04x}")
            } else {
                format!("\\u{unit:04X}")
            };
            self.out.push_str(&text);
        }
    }
}

/// By schoolbook division, independent of the conversion under test.
fn decimal(magnitude: &[u8]) -> String {
    let mut rest = magnitude.to_vec();
    let mut digits = Vec::new();
    while rest.iter().any(|byte| *byte != 0) {
        let mut carry = 0u32;
        for byte in &mut rest {
            carry = carry << 8 | u32::from(*byte);
            *byte = (carry / 10) as u8;
            carry %= 10;
        }
        digits.push(b'0' + carry as u8);
    }
    digits.iter().rev().map(|digit| char::from(*digit)).collect()
}

/// What serde_json would hold: no lone surrogates, and no integers beyond 64 bits.
fn for_serde(value: &Value) -> Option<Json> {
    Some(match value {
        Value::Null => Json::Null,
        Value::Bool(value) => Json::Bool(*value),
        Value::Number(number) => Json::from(*number),
        Value::Text(text) => Json::String(text.clone()),
        Value::Array(elements) => Json::Array(elements.iter().map(for_serde).collect::<Option<_>>()?),
        Value::Object(entries) => {
            let entries = entries
                .iter()
                .map(|(key, value)| Some((key.clone(), for_serde(value)?)));
            Json::Object(entries.collect::<Option<_>>()?)
        }
        _ => return None,
    })
}

/// Whether both say the same, numbers as doubles: without its feature `float_roundtrip`, serde_json may miss the last bits.
fn alike(a: &Json, b: &Json) -> bool {
    match (a, b) {
        (Json::Number(a), Json::Number(b)) => {
            let (a, b) = (a.as_f64().unwrap(), b.as_f64().unwrap());
            (a - b).abs() <= a.abs() * 1e-15 + 1e-323
        }
        (Json::Array(a), Json::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| alike(a, b)),
        (Json::Object(a), Json::Object(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|((k, a), (l, b))| k == l && alike(a, b))
        }
        _ => a == b,
    }
}

fn has_lone_surrogates(value: &Value) -> bool {
    match value {
        Value::Wtf8(_) => true,
        Value::Array(elements) => elements.iter().any(has_lone_surrogates),
        Value::Object(entries) => entries.iter().any(|(_, value)| has_lone_surrogates(value)),
        _ => false,
    }
}

/// Whether both accept or both refuse, save where our rules differ: we refuse repeated keys, and keep lone surrogates in values.
fn agree_with_serde(json: &[u8]) -> Result<(), TestCaseError> {
    let theirs = serde_json::from_slice::<Json>(json);
    match (from_json(json), theirs) {
        (Ok(bytes), theirs) => {
            prop_assert_eq!(validate(&bytes), Ok(()));
            prop_assert_eq!(&from_json(to_json(&bytes).unwrap().as_bytes()).unwrap(), &bytes);
            let value: Value = from_slice(&bytes).unwrap();
            prop_assert!(
                theirs.is_ok() || has_lone_surrogates(&value),
                "{:?} is accepted: {:?}",
                json,
                theirs
            );
            if let (Ok(theirs), Some(ours)) = (theirs, for_serde(&value)) {
                prop_assert!(alike(&ours, &theirs), "{} and {}", ours, theirs);
            }
        }
        (Err(error), theirs) => {
            prop_assert!(crate::offset(&error) <= json.len() as u64);
            prop_assert!(
                theirs.is_err() || error.message().contains("holds already"),
                "{:?}: {}",
                json,
                error
            );
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn reading_inverts_writing(value in value()) {
        let bytes = to_vec(&value).unwrap();
        let json = to_json(&bytes).unwrap();
        prop_assert_eq!(from_json(json.as_bytes()).unwrap(), bytes);
        if let Some(expected) = for_serde(&value) {
            let theirs: Json = serde_json::from_str(&json).unwrap();
            prop_assert!(alike(&theirs, &expected), "{} and {}", theirs, expected);
        }
    }

    #[test]
    fn every_spelling_of_a_value_is_that_value(value in value(), tape in vec(any::<u8>(), 1..200)) {
        let mut scribe = Scribe { tape: tape.iter().cycle(), out: String::new() };
        scribe.value(&value);
        let bytes = from_json(scribe.out.as_bytes());
        prop_assert_eq!(bytes, to_vec(&value), "{}", scribe.out);
    }

    #[test]
    fn changed_text_is_judged_as_serde_json_judges_it(
        value in value(),
        tape in vec(any::<u8>(), 1..200),
        changes in vec((any::<prop::sample::Index>(), prop_oneof![any::<u8>(), prop::sample::select(b"{}[],:\"\\0123eE.-+tfn u".to_vec())], 0..3u8), 1..4),
    ) {
        let mut scribe = Scribe { tape: tape.iter().cycle(), out: String::new() };
        scribe.value(&value);
        let mut json = scribe.out.into_bytes();
        for (index, byte, kind) in changes {
            let at = index.index(json.len());
            match kind {
                0 => json[at] = byte,
                1 => json.insert(at, byte),
                _ if json.len() > 1 => { json.remove(at); }
                _ => {}
            }
        }
        agree_with_serde(&json)?;
    }

    #[test]
    fn any_text_is_judged_as_serde_json_judges_it(
        json in prop_oneof![
            "[\\[\\]{},:\"\\\\ 0123eE.+tfn-]{0,12}",
            "-?[0-9]{0,3}(\\.[0-9]{0,3})?([eE][+-]?[0-9]{0,3})?",
            "\"(\\\\u[dD][89a-fA-F][0-9a-f]{2}|\\\\[\"/bfnrtu]|[a-z\u{0}-\u{1f}]){0,4}\"",
        ],
    ) {
        agree_with_serde(json.as_bytes())?;
    }

    #[test]
    fn every_prefix_of_a_text_is_refused(value in value(), cut in any::<prop::sample::Index>()) {
        let json = to_json(&to_vec(&[value]).unwrap()).unwrap();
        let cut = cut.index(json.len());
        let error = from_json(&json.as_bytes()[..cut]).unwrap_err();
        prop_assert!(crate::offset(&error) <= cut as u64);
    }

    #[test]
    fn doubles_are_read_and_written_as_the_standard_library_does(number in double(), places in 0..40usize) {
        let written = to_json(&to_vec(&number).unwrap()).unwrap();
        prop_assert_eq!(written.parse::<f64>().unwrap().to_bits(), number.to_bits());
        let digits = |text: &str| {
            let mantissa: String = text.split(['e', 'E']).next().unwrap().chars().filter(char::is_ascii_digit).collect();
            mantissa.trim_matches('0').len()
        };
        prop_assert_eq!(digits(&written), digits(&format!("{number:e}")), "{}", written);
        let more = places + 1;
        for text in [format!("{number:.places$e}"), format!("{number:.more$}1")] {
            let expected: f64 = text.parse().unwrap();
            match from_json(text.as_bytes()) {
                Ok(bytes) => prop_assert_eq!(bytes, to_vec(&expected).unwrap(), "{}", text),
                Err(_) => prop_assert!(expected.is_infinite(), "{}", text),
            }
        }
    }

    /// Half-way between two doubles, and a little to either side.
    #[test]
    fn ties_are_rounded_to_even(significand in 1u64 << 52..1 << 53, shift in 1..60u32, power in 0..30i32) {
        let tie = (u128::from(significand) * 2 + 1) << (shift - 1);
        for text in [format!("{tie}.0"), format!("{tie}.{}1", "0".repeat(900)), format!("{}.{}", tie - 1, "9".repeat(900))] {
            let text = format!("{text}e-{power}");
            let expected: f64 = text.parse().unwrap();
            prop_assert_eq!(from_json(text.as_bytes()).unwrap(), to_vec(&expected).unwrap(), "{}", text);
        }
    }
}
