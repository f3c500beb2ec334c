//! Bytes as events under rules, and as rules.

use std::sync::LazyLock;

use snapfold::fold::Folded;
use snapfold::fold::rules::Rules;
use snapfold::value::{self, Value};
use snapfold::{Code, Result};

use super::lies_inside;

/// Every operation, each with every source of values, and references in targets.
const SPEC: &str = r#"{
    "initial": { "o": {}, "l": [], "n": 0, "m": { "10": 1 } }, "sequence": "sparse", "unknown": "ignore",
    "rules": {
        "Kept": [{ "put": "/kept" }],
        "Put": [{ "put": "/o/{/data/id}", "from": "/data/value" }, { "put": "/at", "from": "/meta/at", "optional": true }],
        "Fields": [{ "put": "/o/{/data/id}", "fields": { "1": "/data/value", "a": "/data/a/0", "t": "/type" }, "ifAbsent": true, "optional": true }],
        "Append": [{ "append": "/l" }, { "append": "/o/{/data/id}", "from": "/data/value", "initial": [0], "optional": true }],
        "Add": [{ "add": "/n", "from": "/data/value" }, { "subtract": "/o/{/data/id}", "from": "/data/value", "initial": 1.5 }],
        "Merge": [{ "merge": "/m" }, { "merge": "/o/{/data/id}", "from": "/data/value", "initial": {} }],
        "Patch": [{ "put": "/n", "value": 1 }, { "patch": "", "from": "/data" }],
        "Remove": [{ "remove": "/o/{/data/id}" }, { "remove": "/l/{/data/value}", "optional": true }]
    }
}"#;

static RULES: LazyLock<[Rules; 2]> = LazyLock::new(|| {
    let strict = SPEC.replacen('{', r#"{ "strict": true,"#, 1);
    [SPEC, &strict].map(|spec| Rules::from_json(spec.as_bytes()).expect("these rules are sound"))
});

/// Lines are folded in one by one as they are all at once, and what is taken strictly has the same meaning leniently, and in CBOR.
pub fn fold_json_lines(data: &[u8]) {
    if copies(data) {
        return;
    }
    let [lenient, _] = &*RULES;
    let mut session = lenient.start();
    let told = session.json_lines(data);
    let all = session.folded();
    is_state(&all.state);
    let mut base = lenient.start().folded();
    let mut at = 0;
    for line in data.split(|byte| *byte == b'\n') {
        let (ran, folded) = go_on(lenient, &base, line);
        strictly(&base, line, &ran, &folded);
        if let Err(error) = ran {
            lies_inside(&error, line);
            assert!(folded == base, "something is left: {error}");
            let told = told.expect_err("one of its lines has failed");
            assert_eq!((told.code(), told.position()), (error.code(), error.position()));
            assert!(told.offset().is_none_or(|offset| offset >= at), "{told}");
            assert!(all == base);
            return;
        }
        base = folded;
        at += line.len() as u64 + 1;
    }
    assert_eq!(told, Ok(()));
    assert!(all == base);
}

/// Each copy of a JSON Patch can double the state, which is nothing to wait for.
fn copies(data: &[u8]) -> bool {
    data.windows(4).filter(|word| word == b"copy").count() > 12
}

fn go_on(rules: &Rules, base: &Folded, line: &[u8]) -> (Result<()>, Folded) {
    let mut session = rules.resume(&base.state, &base.progress).expect("a state of theirs");
    (session.json_lines(line), session.folded())
}

fn strictly(base: &Folded, line: &[u8], ran: &Result<()>, folded: &Folded) {
    let [lenient, strict] = &*RULES;
    let (in_strict, strictly_folded) = go_on(strict, base, line);
    if let Err(error) = in_strict {
        assert!(ran.is_err() || error.code() == Code::Malformed, "{error}");
        return;
    }
    assert_eq!(*ran, Ok(()));
    assert!(strictly_folded == *folded);
    if folded.progress.event_count() == base.progress.event_count() {
        return;
    }
    let event = value::from_json(line).expect("this has been checked");
    let mut session = lenient.resume(&base.state, &base.progress).expect("a state of theirs");
    assert_eq!(session.cbor_sequence(&event), Ok(()));
    assert!(session.folded().state == folded.state);
    let [event, state] = [&event, &folded.state].map(|bytes| value::from_slice::<Value>(bytes).expect("values"));
    if event.get("type").and_then(Value::as_str) == Some("Kept") {
        let mut data = event.get("data").expect("it was put").clone();
        in_order(&mut data);
        assert_eq!(state.get("kept"), Some(&data));
    }
}

/// Rules are refused with all their mistakes; or have one digest, and fold whatever their targets and pointers meet.
pub fn fold_rules_spec(data: &[u8]) {
    let spec = match value::from_json(data) {
        Ok(spec) => {
            let spec = value::from_slice::<Value>(&spec).expect("a value");
            let told = |rules: Result<Rules>| rules.map(|rules| rules.digest());
            assert_eq!(told(Rules::from_json(data)), told(Rules::new(&spec)));
            spec
        }
        Err(error) => {
            assert_eq!(Rules::from_json(data).map(|rules| rules.digest()), Err(error));
            match value::from_slice::<Value>(data) {
                Ok(spec) => spec,
                Err(_) => return,
            }
        }
    };
    match Rules::new(&spec) {
        Ok(rules) => meets_events(&rules, &spec),
        Err(error) => {
            assert_eq!(error.code(), Code::InvalidOption, "{error}");
            let first = error.path().expect("a mistake has a place");
            let start = if first.is_empty() { "the specification" } else { first };
            assert!(error.message().starts_with(start), "{error}");
        }
    }
}

fn meets_events(rules: &Rules, spec: &Value) {
    const DATA: &str = r#"{"id":"a","order":"o","n":1,"list":[1,{"a":"b"}],"0":0,"":{"":1},"amount":5,"line":{"price":2},
        "stars":5,"patch":[{"op":"add","path":"/x","value":1}],"text":"more than sixteen bytes"}"#;
    is_state(rules.initial());
    let Some(Value::Object(kinds)) = spec.get("rules") else {
        panic!("there are rules");
    };
    let mut session = rules.start();
    for (position, (kind, _)) in kinds.iter().take(16).enumerate() {
        for data in [DATA, "1", "[]"] {
            let json = [r#"{"id":"e","at":"now","seq":1,"data":"#, data, "}"].concat();
            let event = snapfold::fold::RowEvent::Json(json.as_bytes());
            let before = session.folded().state;
            let ran = session.row(position as u64, Some(kind), event);
            let after = session.folded().state;
            is_state(&after);
            if let Err(error) = ran {
                assert_eq!(error.position(), Some(position as u64));
                assert!(error.path().is_some() || error.code() == Code::Malformed, "{error}");
                assert!(before == after, "something is left: {error}");
            }
        }
    }
}

/// A value whose plain objects have their keys as ECMAScript orders them.
fn is_state(bytes: &[u8]) {
    let mut state = value::from_slice::<Value>(bytes).expect("a state is a value");
    in_order(&mut state);
    assert!(value::to_vec(&state).as_deref() == Ok(bytes), "not in order: {state:?}");
}

fn in_order(value: &mut Value) {
    let index = |key: &str| {
        let index = key.parse::<u32>().ok()?;
        (index != u32::MAX && index.to_string() == key).then_some(index)
    };
    match value {
        Value::Array(elements) | Value::Set(elements) => elements.iter_mut().for_each(in_order),
        Value::Map(entries) => entries.iter_mut().for_each(|(key, value)| {
            in_order(key);
            in_order(value);
        }),
        Value::Object(members) => {
            members.iter_mut().for_each(|(_, member)| in_order(member));
            members.sort_by_key(|(key, _)| index(key).map_or(u64::MAX, u64::from));
        }
        _ => {}
    }
}
