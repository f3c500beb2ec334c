//! What is kept of an event is what `value::from_json` makes of it, whatever keys and shapes came before.

use proptest::prelude::*;
use snapfold::Code;
use snapfold::fold::RowEvent;
use snapfold::value::{self, Value};

use super::folds::random::Random;
use super::routes::{in_order, rules};

/// Pointers lead into the payload, so that its keys are looked at, and its first levels remembered.
const RULES: &str = r#"{"initial":{"v":null},"rules":{"E":[{"put":"/v"}],
    "Noted":[{"put":"/{/data/id}/{/data/o/x}","from":"/data/o/p/x"},{"put":"","from":"/data/a name of 13/x"}]}}"#;

/// With its quotation marks and colon, a key that is remembered has at most 16 bytes.
const KEYS: [&str; 14] = [
    "id",
    "o",
    "p",
    "x",
    "",
    "k",
    "key",
    "é",
    "name of 12 b",
    "a name of 13",
    "and one of 14",
    "a longer one than those",
    "7",
    "0x",
];

struct Shapes {
    random: Random,
    /// Shapes that come again.
    known: Vec<String>,
}

impl Shapes {
    fn value(&mut self, depth: usize) -> String {
        const SCALARS: [&str; 16] = [
            "1",
            "0",
            "123456789012345",
            "1234567890123456",
            "-1",
            "1.50",
            "1e2",
            "-0",
            "true",
            "false",
            "null",
            "\"\"",
            "\"text\"",
            "\"a text of more than sixteen bytes\"",
            r#""é\u00e9\n""#,
            r#""\ud800""#,
        ];
        let wrong = ["01", "tru", "truetrue", "1.", r#""\q""#, "[1,]", "-", "1e999"];
        if self.random.below(60) == 0 {
            return (*self.random.one_of(&wrong)).to_owned();
        }
        match self.random.below(if depth == 0 { 6 } else { 10 }) {
            0..4 => self.random.below(1_000).to_string(),
            4 | 5 => (*self.random.one_of(&SCALARS)).to_owned(),
            6 => {
                let elements = self.count();
                let elements: Vec<_> = (0..elements).map(|_| self.value(depth - 1)).collect();
                format!("[{}]", elements.join(self.one_space(",")))
            }
            7 => {
                let levels = self.random.below(20);
                format!("{}{}{}", "[".repeat(levels), self.value(0), "]".repeat(levels))
            }
            _ => self.object(depth - 1),
        }
    }

    /// Mostly few, and often about as many as the quick way takes.
    fn count(&mut self) -> usize {
        match self.random.below(4) {
            0 => 21 + self.random.below(5),
            _ => self.random.below(5),
        }
    }

    fn one_space(&mut self, mark: &'static str) -> &'static str {
        match (self.random.below(8), mark) {
            (0, ",") => " ,\t",
            (0, _) => " : ",
            (1, ",") => ", ",
            (1, _) => ": ",
            _ => mark,
        }
    }

    fn object(&mut self, depth: usize) -> String {
        let mut members: Vec<String> = Vec::new();
        for place in 0..self.count() {
            // Few repeat: behind the first, keys are numbered, and some of them forget it.
            let mut key = self.random.one_of(&KEYS).to_string();
            if self.random.below(10) > 0 && members.iter().any(|member| member.starts_with(&format!("\"{key}\""))) {
                key = format!("{key}{place}");
            }
            if self.random.below(40) == 0 {
                key = key.replace('x', "\\u0078");
            }
            let colon = self.one_space(":");
            members.push(format!("\"{key}\"{colon}{}", self.value(depth)));
        }
        format!("{{{}}}", members.join(self.one_space(",")))
    }

    /// One of the shapes, as it was or with one value, key or comma changed.
    fn again(&mut self) -> String {
        let fresh = self.known.is_empty() || self.random.below(4) == 0;
        if fresh {
            let shape = self.object(3);
            self.known.push(shape);
        }
        let shape = match self.known.last() {
            Some(last) if self.random.below(2) == 0 => last.clone(),
            _ => self.random.one_of(&self.known).clone(),
        };
        match self.random.below(6) {
            0 => shape.replacen('1', "\"other\"", 1),
            1 => shape.replacen(",", " , ", 1),
            2 => shape.replacen("\"k\"", "\"x\"", 1),
            3 => shape.replacen("\":", "\" :", 1),
            _ => shape,
        }
    }
}

fn assert_kept(seed: u64) {
    let mut shapes = Shapes {
        random: Random::new(seed),
        known: vec![],
    };
    let (lines, rows) = (rules(RULES), rules(RULES));
    let (mut lines, mut rows) = (lines.start(), rows.start());
    let mut position = 1;
    for _ in 0..60 {
        let data = shapes.again();
        let event = format!(r#"{{"position":{position},"type":"E","data":{data}}}"#);
        let ran = lines.json_lines(event.as_bytes());
        let pretty = event.replace(", ", ",\n ").replace(": ", ":\n");
        let in_rows = rows.row(position, None, RowEvent::Json(pretty.as_bytes()));
        assert_eq!(in_rows.is_ok(), ran.is_ok(), "{pretty}");
        match value::from_json(data.as_bytes()) {
            Ok(bytes) => {
                let mut kept: Value = value::from_slice(&bytes).unwrap();
                in_order(&mut kept);
                let kept = value::to_vec(&Value::Object(vec![("v".to_owned(), kept)])).unwrap();
                assert_eq!(ran, Ok(()), "{data}");
                assert!(lines.folded().state == kept, "{data}");
                assert!(rows.folded().state == kept, "{pretty}");
                position += 1;
            }
            Err(error) => {
                let ran = ran.expect_err(&data);
                assert_eq!(ran.code(), Code::Malformed, "{data}: {error}");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn what_is_kept_is_what_was_written(seed: u64) {
        assert_kept(seed);
    }
}
#[test]
fn a_key_twice_is_found_however_often_it_comes() {
    let mut session = rules(RULES).start();
    for data in [
        r#"{"x":1,"x":2,"k":"a text of more than sixteen bytes"}"#,
        r#"{"k":1,"o":{"k":1,"x":2,"k":3},"key":"a text of more than sixteen bytes"}"#,
        r#"{"k":1,"key":{"a":1,"b":{"k":1,"k":2}},"x":"a text of more than sixteen bytes"}"#,
    ] {
        let event = format!(r#"{{"position":1,"type":"E","data":{data}}}"#);
        for _ in 0..4 {
            let error = session.json_lines(event.as_bytes()).unwrap_err();
            assert_eq!((error.code(), error.position()), (Code::Malformed, Some(1)), "{error}");
        }
    }
    assert_eq!(value::to_json(&session.folded().state).unwrap(), r#"{"v":null}"#);
}
