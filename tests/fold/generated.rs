//! Rules and events from a seed. Few names and few types, so that operations meet what others have left.

use snapfold::value::{self, BigInt, Value};

use super::folds::random::Random;

const NAMES: [&str; 9] = ["a", "b", "c", "0", "1", "10", "", "a/~", "a name of more than 16"];

pub struct Generator(Random);

fn object<const N: usize>(members: [(&str, Value); N]) -> Value {
    Value::Object(members.map(|(name, value)| (name.to_owned(), value)).into())
}

impl Generator {
    pub fn new(seed: u64) -> Self {
        Self(Random::new(seed))
    }

    pub fn below(&mut self, end: usize) -> usize {
        self.0.below(end)
    }

    fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    fn name(&mut self) -> &'static str {
        self.0.one_of::<&str>(&NAMES)
    }

    pub fn spec(&mut self) -> Value {
        let kinds = ["A", "B", "C", "a longer type of event", "none"];
        let rules = kinds.map(|kind| {
            let operations = (0..self.below(4)).map(|_| self.operation()).collect();
            (kind, Value::Array(operations))
        });
        let mut initial = vec![self.small_object(3)];
        if self.once_in(8) {
            initial.push(self.tree(3));
        }
        object([("initial", initial.pop().unwrap()), ("rules", object(rules))])
    }

    fn operation(&mut self) -> Value {
        let actions = [
            "put", "put", "put", "merge", "patch", "append", "append", "remove", "add", "subtract",
        ];
        let action = *self.0.one_of(&actions);
        let mut members = vec![(action.to_owned(), Value::from(self.target().as_str()))];
        if action != "remove" {
            members.extend(self.source(action).map(|(name, value)| (name.to_owned(), value)));
        }
        let initial = match action {
            "merge" => Some(self.small_object(2)),
            "append" => Some(Value::Array(vec![self.tree(1)])),
            "add" | "subtract" => Some(self.number()),
            _ => None,
        };
        if let Some(initial) = initial.filter(|_| self.below(2) == 0) {
            members.push(("initial".to_owned(), initial));
        }
        if self.once_in(3) {
            members.push(("optional".to_owned(), Value::from(true)));
        }
        if action == "put" && self.once_in(4) {
            members.push(("ifAbsent".to_owned(), Value::from(true)));
        }
        Value::Object(members)
    }

    fn target(&mut self) -> String {
        let length = *self.0.one_of(&[0, 1, 1, 1, 1, 1, 2, 2, 3]);
        let segments = (0..length).map(|_| match self.below(3) {
            0 => "/{/data/k}".to_owned(),
            1 => "/{/data/i}".to_owned(),
            _ => format!("/{}", self.name().replace('~', "~0").replace('/', "~1")),
        });
        // A name with escapes is left to references: the reference reads no others.
        segments.collect::<String>().replace("/a~1~0", "/a")
    }

    fn source(&mut self, action: &str) -> Option<(&'static str, Value)> {
        let numeric = matches!(action, "add" | "subtract");
        let pointers: &[&str] = match action {
            "add" | "subtract" => &["/data/n", "/data/n", "/data/n", "/data/v"],
            "patch" => &["/data/p", "/data/p", "/data/p", "/data/none"],
            _ => &[
                "/data",
                "/data/v",
                "/data/v/a",
                "/data/v/1",
                "/data/k",
                "/data/none",
                "/type",
                "/x/y",
            ],
        };
        Some(match self.below(6) {
            0 if numeric => ("value", self.number()),
            0 if action == "patch" => ("value", self.patch()),
            0 => ("value", self.tree(2)),
            1 if !numeric && action != "patch" => {
                let fields = [self.name(), "f"].map(|name| (name, Value::from(*self.0.one_of(pointers))));
                ("fields", object(fields))
            }
            2 if !numeric && action != "patch" => return None,
            _ => ("from", Value::from(*self.0.one_of(pointers))),
        })
    }

    /// An event of the default shape.
    pub fn event(&mut self, position: u64) -> Value {
        let kind = *self.0.one_of(&[
            "A",
            "B",
            "C",
            "a longer type of event",
            "none",
            "A",
            "B",
            "C",
            "A",
            "B",
            "C",
            "unknown",
        ]);
        let mut data = vec![("k", Value::from(self.name())), ("i", self.reference())];
        data.extend([("v", self.tree(3)), ("n", self.number()), ("p", self.patch())]);
        data.retain(|_| !self.once_in(12));
        let data = data.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        object([
            ("position", Value::from(position as f64)),
            ("x", object([("y", self.tree(1)), ("z", self.tree(2))])),
            ("id", Value::from(format!("e-{position}").as_str())),
            ("type", Value::from(kind)),
            ("data", Value::Object(data)),
        ])
    }

    /// The same as JSON, in one of many ways to write it.
    pub fn line(&mut self, event: &Value) -> String {
        let json = value::to_json(&value::to_vec(event).unwrap()).unwrap();
        if self.once_in(2) {
            return json;
        }
        let (mut written, mut inside) = (String::new(), false);
        for c in json.chars() {
            inside ^= c == '"';
            match c {
                'a' if inside && self.once_in(8) => written.push_str("\\u0061"),
                ',' | ':' | '}' | '{' if !inside && self.once_in(4) => written.extend([' ', c, '\t']),
                c => written.push(c),
            }
        }
        written
    }

    fn reference(&mut self) -> Value {
        match self.below(6) {
            0 => Value::from(""),
            1 => Value::Null,
            2 => Value::from(1.5),
            index => Value::from((index - 3) as f64),
        }
    }

    fn number(&mut self) -> Value {
        let big = |number: i128| Value::BigInt(BigInt::from(number));
        match self.below(12) {
            0 => Value::from(0.5),
            1 => Value::from(9_007_199_254_740_991.0),
            2 => Value::from(-9_007_199_254_740_991.0),
            3 => big(9_007_199_254_740_993),
            4 => big(-(1 << 70)),
            5 => Value::from(1e300),
            number => Value::from(number as f64 - 9.0),
        }
    }

    fn tree(&mut self, depth: usize) -> Value {
        match self.below(if depth == 0 { 7 } else { 10 }) {
            0 => Value::Null,
            1 => Value::from(true),
            2 => self.number(),
            3 => Value::from("text that takes more than sixteen bytes"),
            4 => Value::from(self.name()),
            5 | 6 => Value::from(self.below(3) as f64),
            7 => Value::Array((0..self.below(4)).map(|_| self.tree(depth - 1)).collect()),
            _ => self.small_object(depth - 1),
        }
    }

    fn small_object(&mut self, depth: usize) -> Value {
        let mut members: Vec<(String, Value)> = Vec::new();
        for _ in 0..self.below(6) {
            let name = self.name();
            if members.iter().all(|(key, _)| key != name) {
                members.push((name.to_owned(), self.tree(depth)));
            }
        }
        Value::Object(members)
    }

    fn patch(&mut self) -> Value {
        let steps = (0..1 + self.below(3)).map(|_| self.step());
        Value::Array(steps.collect())
    }

    fn step(&mut self) -> Value {
        let op = *self
            .0
            .one_of(&["add", "add", "add", "remove", "replace", "move", "copy", "test", "none"]);
        let mut path = || {
            let segments =
                (0..*self.0.one_of(&[0, 1, 1, 1, 2])).map(|_| *self.0.one_of(&["a", "b", "0", "1", "-", "a~1~0"]));
            Value::from(
                segments
                    .map(|segment| format!("/{segment}"))
                    .collect::<String>()
                    .as_str(),
            )
        };
        let (from, path) = (path(), path());
        object([
            ("op", Value::from(op)),
            ("path", path),
            ("from", from),
            ("value", self.tree(1)),
        ])
    }
}
