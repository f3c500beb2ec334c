//! Tables of journals: other names, digests, mistakes.

use serde_json::{Value as Json, json};
use snapfold::fold::journal::Journal;
use snapfold::fold::{Anchor, Progress};
use snapfold::{Code, Error};

use crate::journal::decode;
use crate::journals::text;

fn refused(spec: &Json) -> Error {
    Journal::from_json(spec.to_string().as_bytes()).unwrap_err()
}

/// Another engine: other names, other places, ends that say only which event they answer.
#[test]
fn a_table_with_other_names_folds_the_same_adjacency() {
    let journal = Journal::from_json(
        json!({
            "events": {"position": "/eventId", "id": "/eventId", "type": "/eventType", "data": "/attributes"},
            "commandId": ["/eventId", "/attributes/scheduledEventId"],
            "ignore": ["WorkflowTaskStarted"],
            "table": {
                "activity": {
                    "shape": "/attributes/activityType",
                    "opens": ["ActivityTaskScheduled"],
                    "ends": {
                        "ActivityTaskCompleted": {"result": "/attributes/result", "alone": false},
                        "ActivityTaskTimedOut": {"error": {"value": {"timedOut": true}}, "alone": false}
                    }
                },
                "marker": {
                    "commandId": null,
                    "shape": "/attributes/markerName",
                    "ends": {"MarkerRecorded": {"result": {"fields": {"details": "/attributes/details", "more": "/attributes/more"}}}}
                }
            }
        })
        .to_string()
        .as_bytes(),
    )
    .unwrap();
    let event = |id: u64, kind: &str, attributes: Json| {
        json!({"eventId": id, "eventType": kind, "attributes": attributes}).to_string()
    };
    let lines = [
        event(1, "WorkflowTaskStarted", json!({})),
        event(2, "ActivityTaskScheduled", json!({"activityType": {"name": "Charge"}})),
        event(3, "WorkflowTaskStarted", json!({})),
        event(
            4,
            "ActivityTaskCompleted",
            json!({"scheduledEventId": 2, "result": [5]}),
        ),
        event(5, "MarkerRecorded", json!({"markerName": "m", "details": 1})),
        event(6, "ActivityTaskScheduled", json!({"activityType": {"name": "Ship"}})),
        event(7, "ActivityTaskTimedOut", json!({"scheduledEventId": 6})),
    ];
    let mut session = journal.start();
    session.json_lines(text(&lines).as_bytes()).unwrap();
    let folded = session.folded();
    assert_eq!(
        decode(&folded.state),
        [
            (
                2,
                json!({"kind": "activity", "commandId": 2, "shape": {"name": "Charge"}, "result": [5], "advanceBy": 3})
            ),
            (
                5,
                json!({"kind": "marker", "commandId": null, "shape": "m", "result": {"details": 1}, "advanceBy": 1})
            ),
            (
                6,
                json!({"kind": "activity", "commandId": 6, "shape": {"name": "Ship"}, "error": {"timedOut": true}, "advanceBy": 2})
            ),
        ]
    );
    assert_eq!(folded.progress, Progress::resume(7, 7, Some(Anchor::id("7"))));
    let error = journal
        .start()
        .json_lines(event(1, "ActivityTaskCompleted", json!({"scheduledEventId": 2})).as_bytes())
        .unwrap_err();
    assert_eq!(
        (error.code(), error.path()),
        (Code::PairMismatch, Some("/eventType")),
        "alone: false"
    );
}

#[test]
fn the_documented_table_is_one() {
    let document = include_str!("../../docs/journal.md");
    let spec = document.split("```json\n").nth(1).unwrap().split("```").next().unwrap();
    let mut session = Journal::from_json(spec.as_bytes()).unwrap().start();
    let lines = [
        json!({"seq": 1, "kind": "SleepStarted", "cmd": 1, "timer": "t"}),
        json!({"seq": 2, "kind": "SleepOver", "cmd": 1, "timer": "t"}),
    ]
    .map(|event| event.to_string());
    session.json_lines(text(&lines).as_bytes()).unwrap();
    let step = json!({"kind": "sleep", "commandId": 1, "shape": "sleep", "result": null, "advanceBy": 2});
    assert_eq!(decode(&session.folded().state), [(1, step)]);
}

#[test]
fn a_digest_says_what_a_table_means() {
    let digest = |spec: Json| Journal::from_json(spec.to_string().as_bytes()).unwrap().digest();
    assert_eq!(digest(json!({})), Journal::default().digest());
    let shipped = include_str!("../../src/fold/journal/default.json");
    let given = Journal::from_json(format!(r#"{{"table": {shipped}}}"#).as_bytes()).unwrap();
    assert_eq!(given.digest(), Journal::default().digest());
    assert_eq!(
        digest(json!({"ignore": ["b", "a"]})),
        digest(json!({"ignore": ["a", "b"]}))
    );
    let kind = |shape: &str, more: Json| {
        let mut kind = json!({"shape": shape, "ends": {"b": {"result": "/r"}, "a": {"error": "/r"}}});
        kind.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({"table": {"k": kind}})
    };
    let mut digests: Vec<[u8; 32]> = [
        json!({}),
        json!({"ignore": ["a"]}),
        json!({"unknown": "ignore"}),
        json!({"sequence": "sparse"}),
        json!({"firstPosition": 0}),
        json!({"events": {"position": "/seq"}}),
        json!({"commandId": null}),
        json!({"table": {}}),
        kind("/s", json!({})),
        kind("/t", json!({})),
        kind("/s", json!({"opens": ["o"]})),
        kind("/s", json!({"opens": ["o"], "parallel": ["o"]})),
        kind("/s", json!({"retries": ["o"]})),
        kind("/s", json!({"commandId": "/c"})),
        kind("/s", json!({"commandId": ["/data/command_id", "/c"]})),
        kind(
            "/s",
            json!({"ends": {"b": {"result": "/r", "alone": false}, "a": {"error": "/r"}}}),
        ),
        kind(
            "/s",
            json!({"ends": {"b": {"result": "/r", "match": "/m"}, "a": {"error": "/r"}}}),
        ),
        kind("/s", json!({"ends": {"b": {"error": "/r"}, "a": {"error": "/r"}}})),
    ]
    .map(digest)
    .to_vec();
    digests.sort();
    let all = digests.len();
    digests.dedup();
    assert_eq!(digests.len(), all);
}

#[test]
fn all_mistakes_are_told_at_once() {
    let error = refused(&json!({
        "ignore": ["a", 5, "e2"],
        "commandId": "no slash",
        "strict": 1,
        "tables": {},
        "table": {
            "none": 3,
            "k": {
                "shape": {"from": "/a", "value": 1},
                "opens": ["a", "o"],
                "retries": "r",
                "ends": {"e": {}, "f": {"result": "/x", "error": "/y"}, "o": {"result": "/x"}, "g": {"result": "/x", "match": ["/a"], "alone": 0}},
                "more": 1
            },
            "l": {"commandId": null, "shape": "/s", "retries": ["q"], "parallel": ["e2"], "ends": {"z": {"result": "/x", "match": "/t"}}}
        }
    }));
    assert_eq!((error.code(), error.path()), (Code::InvalidOption, Some("/strict")));
    let told: Vec<&str> = error
        .message()
        .lines()
        .map(|line| line.split(": ").next().unwrap())
        .collect();
    for pointer in [
        "/strict",
        "/ignore/1",
        "/ignore/2",
        "/commandId",
        "/tables",
        "/table/none",
        "/table/none/shape",
        "/table/none/ends",
        "/table/k/shape",
        "/ignore/0",
        "/table/k/retries",
        "/table/k/ends/e",
        "/table/k/ends/f",
        "/table/k/ends/o",
        "/table/k/ends/g/match",
        "/table/k/more",
        "/table/l/retries",
    ] {
        assert!(told.contains(&pointer), "{pointer} is not among {told:#?}");
    }
}

#[test]
fn an_opener_that_is_refused_leaves_the_step_before_it_as_it_was() {
    let table = json!({
        "commandId": "/c",
        "table": {
            "a": {"shape": {"value": "x"}, "opens": ["AO"], "retries": ["AR"], "ends": {"AD": {"result": "/r"}, "AF": {"error": "/r"}}},
            "b": {"shape": {"value": "y"}, "opens": ["BO"], "ends": {"BD": {"result": "/r", "match": "/m"}}},
        },
    });
    let journal = Journal::from_json(table.to_string().as_bytes()).unwrap();
    for refused in [None, Some(r#"{"position":3,"type":"BO","c":"zz","m":01}"#)] {
        let mut session = journal.start();
        let opened = [
            r#"{"position":1,"type":"AO","x":"c2","c":"c1"}"#,
            r#"{"position":2,"type":"AF","c":"c1","r":1}"#,
        ];
        session.json_lines(opened.join("\n").as_bytes()).unwrap();
        if let Some(refused) = refused {
            assert_eq!(
                session.json_lines(refused.as_bytes()).unwrap_err().code(),
                Code::Malformed
            );
        }
        session.json_lines(br#"{"position":3,"type":"AR","c":"c1"}"#).unwrap();
        let other = session.json_lines(br#"{"position":4,"type":"AD","c":"c2","r":2}"#);
        assert_eq!(other.unwrap_err().code(), Code::PairMismatch, "{refused:?}");
        session
            .json_lines(br#"{"position":4,"type":"AD","c":"c1","r":2}"#)
            .unwrap();
    }
}
