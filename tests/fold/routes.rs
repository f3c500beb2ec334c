//! Every route by which an event reaches a fold by rules: they must agree.

use snapfold::fold::rules::{Rules, Session};
use snapfold::fold::{Folded, RowEvent};
use snapfold::{Code, Error, Result, value};

pub fn rules(spec: &str) -> Rules {
    Rules::from_json(spec.as_bytes()).unwrap_or_else(|error| panic!("{error}\n{spec}"))
}

/// Rules with one event type, `E`, and `Noted`, which does nothing.
pub fn spec(initial: &str, operations: &str, strict: bool) -> String {
    format!(r#"{{"initial":{initial},"strict":{strict},"rules":{{"E":{operations},"Noted":[]}}}}"#)
}

/// A list of one operation; `rest` are its other members.
pub fn one(action: &str, target: &str, rest: &str) -> String {
    format!(r#"[{{"{action}":"{target}"{rest}}}]"#)
}

/// An event of the default shape on a line.
pub fn line(position: u64, kind: &str, data: &str) -> String {
    format!("{{\"position\":{position},\"id\":\"e{position}\",\"type\":\"{kind}\",\"data\":{data}}}\n")
}

pub fn cbor(json: &str) -> Vec<u8> {
    value::from_json(json.as_bytes()).unwrap()
}

/// The state as JSON, once it has turned out to be a value in ECMAScript's order.
pub fn state(folded: &Folded) -> String {
    assert_eq!(value::validate(&folded.state), Ok(()));
    let json = value::to_json(&folded.state).unwrap();
    let mut state: value::Value = value::from_slice(&folded.state).unwrap();
    in_order(&mut state);
    assert!(value::to_vec(&state).unwrap() == folded.state, "not in order: {json}");
    json
}

/// Keys as ECMAScript keeps them: array indices first.
pub fn in_order(state: &mut value::Value) {
    match state {
        value::Value::Array(elements) => elements.iter_mut().for_each(in_order),
        value::Value::Object(members) => {
            members.iter_mut().for_each(|(_, member)| in_order(member));
            members.sort_by_key(|(key, _)| array_index(key).unwrap_or(u64::MAX));
        }
        _ => {}
    }
}

/// 0 to 2^32 − 2, as ECMAScript writes it.
pub fn array_index(key: &str) -> Option<u64> {
    let index: u64 = key.parse().ok()?;
    (index < u64::from(u32::MAX) && index.to_string() == key).then_some(index)
}

/// What an error says.
#[derive(Clone, Debug, PartialEq)]
pub struct Said {
    pub code: Code,
    pub path: Option<String>,
    pub message: String,
}

/// What one event makes of a state, by all routes; JSON on both sides.
pub fn try_once(initial: &str, operations: &str, data: &str) -> Result<String, Said> {
    let lenient = rules(&spec(initial, operations, false));
    let strict = rules(&spec(initial, operations, true));
    let (event, second) = (line(1, "E", data), line(2, "E", data));
    let noted = line(1, "Noted", data);
    let lines = |session: &mut Session| session.json_lines(event.as_bytes());
    let first = told(&lenient, 1, 0, lines);
    assert_eq!(told(&strict, 1, 0, lines), first, "strict");
    let encoded = |session: &mut Session| session.cbor_sequence(&cbor(&event));
    assert_eq!(plain(told(&lenient, 1, 0, encoded)), plain(first.clone()), "CBOR");
    assert_eq!(plain(told(&strict, 1, 0, encoded)), plain(first.clone()), "strict CBOR");
    let row = |session: &mut Session| session.row(1, None, RowEvent::Json(event.as_bytes()));
    assert_eq!(told(&lenient, 1, 0, row), first, "a row of JSON");
    let typed = |session: &mut Session| session.row(1, Some("E"), RowEvent::Cbor(&cbor(&event)));
    assert_eq!(
        plain(told(&strict, 1, 0, typed)),
        plain(first.clone()),
        "a row of CBOR with its type"
    );
    // Keys that have come before take another way.
    let known = |session: &mut Session| session.json_lines([noted.as_str(), &second].concat().as_bytes());
    assert_eq!(told(&lenient, 2, 1, known), first, "after an event with the same keys");
    let mixed = |session: &mut Session| {
        session.cbor_sequence(&cbor(&noted))?;
        session.json_lines(second.as_bytes())
    };
    assert_eq!(told(&lenient, 2, 1, mixed), first, "after CBOR");
    first
}

/// Without the words of errors in the bytes, which are about CBOR in CBOR.
fn plain(told: Result<String, Said>) -> Result<String, Said> {
    told.map_err(|said| match said.code {
        Code::Malformed => Said {
            message: String::new(),
            ..said
        },
        _ => said,
    })
}

/// The state, or what the error says, after which nothing of the event is there.
fn told(rules: &Rules, position: u64, before: u64, run: impl Fn(&mut Session) -> Result<()>) -> Result<String, Said> {
    let mut session = rules.start();
    let ran = run(&mut session);
    let folded = session.folded();
    let count = folded.progress.event_count();
    match ran {
        Ok(()) => {
            assert_eq!(count, position);
            Ok(state(&folded))
        }
        Err(error) => {
            assert_eq!((error.position(), count), (Some(position), before), "{error}");
            assert!(
                folded.state == rules.initial(),
                "{error}: something is left of the event"
            );
            Err(said(&error))
        }
    }
}

fn said(error: &Error) -> Said {
    Said {
        code: error.code(),
        path: error.path().map(str::to_owned),
        message: error.message().to_owned(),
    }
}

/// What one event makes of a state.
#[track_caller]
pub fn once(initial: &str, operations: &str, data: &str) -> String {
    try_once(initial, operations, data).unwrap_or_else(|said| panic!("{operations}: {said:?}"))
}

/// The code and path of the error that one event makes, and a part of its message.
#[track_caller]
pub fn refused(initial: &str, operations: &str, data: &str, code: Code, path: &str, message: &str) {
    match try_once(initial, operations, data) {
        Ok(state) => panic!("{operations} gave {state}"),
        Err(said) => {
            assert_eq!((said.code, said.path.as_deref()), (code, Some(path)), "{said:?}");
            assert!(said.message.contains(message), "{said:?}");
        }
    }
}
