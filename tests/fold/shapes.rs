//! What a session has learned from the events before changes nothing of what it makes of the next.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use snapfold::fold::rules::Rules;

const RULES: &[u8] = br#"{
    "events": { "id": "/none" },
    "rules": { "T": [
        { "put": "/all", "from": "/data", "optional": true },
        { "put": "/first", "from": "/data/a/0", "optional": true },
        { "put": "/inside", "from": "/data/b/x", "optional": true },
        { "put": "/keyed", "value": {}, "ifAbsent": true },
        { "put": "/keyed/{/data/key}", "from": "/data/b", "optional": true },
        { "add": "/sums/{/data/key}", "from": "/data/n", "initial": 0, "optional": true }
    ] },
    "initial": { "sums": {} }
}"#;

/// A value: mostly plain text or integers, else sound ones of all kinds, and some that are not.
fn value() -> impl Strategy<Value = String> {
    let scalars = r#"1|0|123456789012345|1234567890123456|01|-1|-0|1.5|1e3|true|null|tru|"t"|""|"\"\\"|"\u0041"|"ä, {b}"|"long enough for blocks"|"#;
    let others = r#"[]|[1,"a"]|[ {"x":1} ,2]|[[[]]]|[{"1":2,"x":0,"0":1}]|[{"x":1,"x":2}]|[1}|{}|{ }|{"x":1}|{"x":true,"y":{"z":"t"}}|{"1":2,"x":0}|{"x":1,"x":2}|{"\u0078":1}|{"x" : 1 , "y":2}|{"x":{"x":[1.5]}}|{"x":1,}"#;
    let all: Vec<String> = [scalars, others].concat().split('|').map(String::from).collect();
    let plain = select(vec!["7".to_owned(), "\"text\"".to_owned()]);
    prop_oneof![2 => plain, 1 => select(all)]
}

/// What the lines of one program have in common.
#[derive(Clone, Debug)]
struct Shape {
    names: Vec<&'static str>,
    space: &'static str,
    has_after: bool,
}

impl Shape {
    fn line(&self, position: u64, values: &[String]) -> String {
        let Self { names, space, .. } = self;
        let member = |(name, value)| format!("\"{name}\":{space}{value}");
        let members: Vec<String> = names.iter().zip(values).map(member).collect();
        let data = members.join(",");
        let after = match (self.has_after, values.last()) {
            (true, Some(value)) => format!(",\"after\":{value}"),
            _ => String::new(),
        };
        format!("{{\"position\":{position},\"type\":\"T\",{space}\"data\":{{{data}}}{after}}}")
    }
}

fn shape() -> impl Strategy<Value = Shape> {
    let names = select(vec!["key", "a", "b", "n", "other", "a longer name than a block has"]);
    (vec(names, 0..5), select(vec!["", " "]), any::<bool>()).prop_map(|(names, space, has_after)| Shape {
        names,
        space,
        has_after,
    })
}

/// A byte to put in the place of another one.
fn damage() -> impl Strategy<Value = Option<(Index, char)>> {
    option::weighted(
        0.2,
        (any::<Index>(), select(r#""{}[],:\ 0a"#.chars().collect::<Vec<_>>())),
    )
}

/// What a session is given: the line with so much behind it that it does not end with the input, or its beginning only.
fn input(line: &str, end: Option<Index>) -> String {
    match end {
        None => format!("{line}\n{:64}", ""),
        Some(end) => {
            let places: Vec<usize> = line.char_indices().map(|(at, _)| at).chain([line.len()]).collect();
            line[..*end.get(&places)].to_owned()
        }
    }
}

fn damaged(mut line: String, damage: Option<(Index, char)>) -> String {
    if let Some((at, with)) = damage {
        let places: Vec<usize> = line.char_indices().map(|(at, _)| at).collect();
        let at = places[at.index(places.len())];
        let next = line[at..].chars().next().unwrap().len_utf8();
        line.replace_range(at..at + next, with.encode_utf8(&mut [0; 4]));
    }
    line
}

proptest! {
    #[test]
    fn what_was_learned_changes_nothing(
        shapes in vec(shape(), 1..3),
        log in vec((any::<Index>(), vec(value(), 6), damage(), option::weighted(0.2, any::<Index>())), 1..60),
    ) {
        let rules = Rules::from_json(RULES).unwrap();
        let mut learned = rules.start();
        let mut resumed = rules.start();
        for (index, values, damage, end) in log {
            let before = learned.folded();
            let position = before.progress.position().map_or(1, |position| position + 1);
            let line = damaged(index.get(&shapes).line(position, &values), damage);
            let mut fresh = rules.resume(&before.state, &before.progress).unwrap();
            let input = input(&line, end);
            let said = fresh.json_lines(input.as_bytes());
            prop_assert_eq!(&learned.json_lines(input.as_bytes()), &said, "{}", line);
            prop_assert_eq!(learned.folded(), fresh.folded(), "{}", line);
            resumed.resume(&before.state, &before.progress).unwrap();
            prop_assert_eq!(resumed.json_lines(input.as_bytes()), said, "{}", line);
            prop_assert_eq!(resumed.folded(), fresh.folded(), "{}", line);
        }
    }
}

/// A line like one that came, but for one character: wherever it is, and whatever it is.
#[test]
fn one_character_makes_the_difference_that_it_makes() {
    let rules = Rules::from_json(RULES).unwrap();
    let line = r#"{"position":1,"type":"T","data":{"key":"letters","b":{"x":"t"},"c":[10,205],"n":1203},"at":"2011-10-01T00:38:44"}"#;
    let characters: Vec<char> = (0u8..0x80)
        .map(char::from)
        .chain(['\u{80}', 'ä', '€', '\u{10ffff}'])
        .collect();
    let mut learned = rules.start();
    let nothing = learned.folded();
    for at in 0..line.len() {
        for character in &characters {
            let changed = [&line[..at], &character.to_string(), &line[at + 1..]].concat();
            let [line, changed] = [line, &changed].map(|line| format!("{line}\n{:64}", ""));
            let mut fresh = rules.start();
            let said = fresh.json_lines(changed.as_bytes());
            learned.json_lines(line.as_bytes()).unwrap();
            learned.resume(&nothing.state, &nothing.progress).unwrap();
            assert_eq!(learned.json_lines(changed.as_bytes()), said, "{changed}");
            assert_eq!(learned.folded(), fresh.folded(), "{changed}");
            learned.resume(&nothing.state, &nothing.progress).unwrap();
        }
    }
}
