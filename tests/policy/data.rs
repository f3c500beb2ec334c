//! Policies, observations and decisions as data, and what is refused.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use snapfold::policy::{
    Attempt, Decision, LastLoad, LastSnapshot, Measured, Needs, Observation, Policy, Reason, Since, Spec, Unit,
};
use snapfold::{Code, Error};

use super::{MAX, judge, policy};

#[test]
fn constructors_and_data_agree() {
    let kinds = BTreeMap::from([("task".to_owned(), Policy::every_events(7).unwrap())]);
    for (built, data) in [
        (Policy::never(), json!("never")),
        (Policy::default(), json!({"everyEvents": 100})),
        (Policy::every_events(MAX).unwrap(), json!({"everyEvents": MAX})),
        (Policy::every_bytes(65_536).unwrap(), json!({"everyBytes": 65_536})),
        (Policy::every_millis(1).unwrap(), json!({"everyMillis": 1})),
        (Policy::tail_ratio(1.5).unwrap(), json!({"tailRatio": 1.5})),
        (Policy::slow_load(50).unwrap(), json!({"slowLoad": 50})),
        (
            Policy::when_event(["B", "A", "B"]).unwrap(),
            json!({"whenEvent": ["A", "B"]}),
        ),
        (Policy::when_state(0).unwrap(), json!({"whenState": 0})),
        (
            Policy::any_of(vec![Policy::never()]).unwrap(),
            json!({"anyOf": ["never"]}),
        ),
        (
            Policy::all_of(vec![Policy::never()]).unwrap(),
            json!({"allOf": ["never"]}),
        ),
        (
            Policy::per_kind(kinds, Policy::never()).unwrap(),
            json!({"perKind": {"kinds": {"task": {"everyEvents": 7}}, "otherwise": "never"}}),
        ),
        (
            Policy::jitter(0.5, Policy::never()).unwrap(),
            json!({"jitter": {"fraction": 0.5, "policy": "never"}}),
        ),
    ] {
        assert_eq!(serde_json::to_value(&built).unwrap(), data);
        assert_eq!(policy(data), built);
    }
    assert_eq!(
        policy(json!({"everyEvents": 100.0})),
        Policy::default(),
        "JavaScript has one kind of number"
    );
}

#[test]
fn constructors_refuse_what_makes_no_sense() {
    let one = || Policy::every_events(1).unwrap();
    let deep = (1..16).fold(one(), |inner, _| Policy::any_of(vec![inner]).unwrap());
    let nameless = BTreeMap::from([(String::new(), one())]);
    for (result, path) in [
        (Policy::every_events(0), "policy.everyEvents"),
        (Policy::every_events(MAX + 1), "policy.everyEvents"),
        (Policy::every_bytes(0), "policy.everyBytes"),
        (Policy::every_millis(u64::MAX), "policy.everyMillis"),
        (Policy::slow_load(0), "policy.slowLoad"),
        (Policy::tail_ratio(0.0), "policy.tailRatio"),
        (Policy::tail_ratio(-1.0), "policy.tailRatio"),
        (Policy::tail_ratio(f64::NAN), "policy.tailRatio"),
        (Policy::tail_ratio(f64::INFINITY), "policy.tailRatio"),
        (Policy::when_event([""; 0]), "policy.whenEvent"),
        (Policy::when_event(["A", ""]), "policy.whenEvent[1]"),
        (Policy::when_state(1_024), "policy.whenState"),
        (Policy::any_of(vec![]), "policy.anyOf"),
        (Policy::all_of(vec![]), "policy.allOf"),
        (Policy::any_of(vec![deep.clone()]), "policy.anyOf"),
        (Policy::all_of(vec![one(), deep.clone()]), "policy.allOf"),
        (Policy::jitter(0.1, deep.clone()), "policy.jitter"),
        (
            Policy::per_kind(BTreeMap::from([("a".into(), deep.clone())]), one()),
            "policy.perKind",
        ),
        (Policy::per_kind(BTreeMap::new(), one()), "policy.perKind.kinds"),
        (Policy::per_kind(nameless, one()), "policy.perKind.kinds"),
        (Policy::jitter(0.0, one()), "policy.jitter.fraction"),
        (Policy::jitter(0.51, one()), "policy.jitter.fraction"),
        (Policy::jitter(f64::NAN, one()), "policy.jitter.fraction"),
    ] {
        let error = result.unwrap_err();
        assert_eq!(
            (error.code(), error.path()),
            (Code::InvalidOption, Some(path)),
            "{error}"
        );
    }
    assert!(
        Policy::every_events(0)
            .unwrap_err()
            .message()
            .contains("write \"never\"")
    );
}

#[test]
fn data_is_refused_with_the_path_of_the_option() {
    let deep = (0..16).fold(
        json!({"everyEvents": 1}),
        |inner, _| json!({"jitter": {"fraction": 0.1, "policy": inner}}),
    );
    let deepest = (0..100).fold(
        json!("never"),
        |inner, _| json!({"perKind": {"kinds": {"a": inner}, "otherwise": "never"}}),
    );
    let one = json!({"everyEvents": 1});
    for (data, path) in [
        (json!(null), "policy"),
        (json!(true), "policy"),
        (json!(100), "policy"),
        (json!("always"), "policy"),
        (json!([]), "policy"),
        (json!({}), "policy"),
        (json!({"never": null}), "policy"),
        (json!({"everyEvents": 1, "everyBytes": 1}), "policy"),
        (json!({"everyevents": 1}), "policy"),
        (json!({"everyEvents": 0}), "policy.everyEvents"),
        (json!({"everyEvents": -1}), "policy.everyEvents"),
        (json!({"everyEvents": 0.5}), "policy.everyEvents"),
        (json!({"everyEvents": 1e300}), "policy.everyEvents"),
        (json!({"everyEvents": MAX + 1}), "policy.everyEvents"),
        (json!({"everyEvents": u64::MAX}), "policy.everyEvents"),
        (json!({"everyEvents": "100"}), "policy.everyEvents"),
        (json!({"everyEvents": null}), "policy.everyEvents"),
        (json!({"everyBytes": -0.0}), "policy.everyBytes"),
        (json!({"everyMillis": [1]}), "policy.everyMillis"),
        (json!({"slowLoad": true}), "policy.slowLoad"),
        (json!({"tailRatio": 0}), "policy.tailRatio"),
        (json!({"tailRatio": -2}), "policy.tailRatio"),
        (json!({"whenState": 0.5}), "policy.whenState"),
        (json!({"whenState": 5_000_000_000_u64}), "policy.whenState"),
        (json!({"whenEvent": "CartClosed"}), "policy.whenEvent"),
        (json!({"whenEvent": []}), "policy.whenEvent"),
        (json!({"whenEvent": ["A", 1]}), "policy.whenEvent[1]"),
        (json!({"whenEvent": ["A", "B", ""]}), "policy.whenEvent[2]"),
        (json!({"anyOf": []}), "policy.anyOf"),
        (json!({"anyOf": one}), "policy.anyOf"),
        (
            json!({"anyOf": [one, {"everyEvents": 0}]}),
            "policy.anyOf[1].everyEvents",
        ),
        (json!({"allOf": [{"anyOf": [one, 5]}]}), "policy.allOf[0].anyOf[1]"),
        (
            json!({"perKind": {"kinds": {}, "otherwise": one}}),
            "policy.perKind.kinds",
        ),
        (
            json!({"perKind": {"kinds": {"": one}, "otherwise": one}}),
            "policy.perKind.kinds",
        ),
        (json!({"perKind": {"kinds": {"a": one}}}), "policy.perKind.otherwise"),
        (json!({"perKind": {"otherwise": one}}), "policy.perKind.kinds"),
        (
            json!({"perKind": {"kinds": {"a": one}, "otherwise": one, "b": one}}),
            "policy.perKind",
        ),
        (
            json!({"perKind": {"kinds": {"a": {"slowLoad": 0}}, "otherwise": one}}),
            "policy.perKind.kinds.a.slowLoad",
        ),
        (
            json!({"jitter": {"fraction": 0, "policy": one}}),
            "policy.jitter.fraction",
        ),
        (
            json!({"jitter": {"fraction": 0.6, "policy": one}}),
            "policy.jitter.fraction",
        ),
        (
            json!({"jitter": {"fraction": "0.1", "policy": one}}),
            "policy.jitter.fraction",
        ),
        (json!({"jitter": {"fraction": 0.1}}), "policy.jitter.policy"),
        (
            json!({"jitter": {"fraction": 0.1, "policy": {"everyBytes": 0}}}),
            "policy.jitter.policy.everyBytes",
        ),
        (deep, &format!("policy{}", ".jitter.policy".repeat(16))),
        (deepest, &format!("policy{}", ".perKind.kinds.a".repeat(16))),
    ] {
        let error = refused(data.clone());
        assert_eq!(
            (error.code(), error.path()),
            (Code::InvalidOption, Some(path)),
            "{data}: {error}"
        );
    }
}

#[test]
fn text_that_json_values_cannot_express_is_refused_too() {
    let parse = |text: &str| serde_json::from_str::<Policy>(text).unwrap_err().to_string();
    assert!(parse(r#"{"everyEvents": 1, "everyEvents": 2}"#).contains("2 triggers in one object"));
    let twice = r#"{"perKind": {"kinds": {"a": "never", "a": "never"}, "otherwise": "never"}}"#;
    assert!(parse(twice).contains("named twice"));
    let text = parse(r#"{"anyOf": [{"everyEvents": 0}]}"#);
    assert!(text.contains("policy.anyOf[0].everyEvents"), "{text}");
    let nested = format!("{}{}", r#"{"anyOf":["#.repeat(60), "]}".repeat(60));
    assert!(parse(&nested).contains("more than 16 policies"));
}

#[test]
fn observations_and_decisions_travel_as_data() {
    let text = r#"{"events": 120, "snapshot": {"events": 20, "at": 5, "bytes": 9}, "load": {"millis": 7, "events": 80},
        "attempt": {"events": 90, "at": 6, "tailBytes": 3, "failures": 1}, "tailBytes": 4, "now": 8, "firstAt": -1,
        "eventTypes": ["A"], "states": [true], "kind": "ta\u0073k", "stream": "cart\u002d42"}"#;
    let observation: Observation = serde_json::from_str(text).unwrap();
    let expected = Observation {
        events: 120,
        snapshot: Some(LastSnapshot {
            events: 20,
            at: Some(5),
            bytes: 9,
        }),
        attempt: Some(Attempt {
            events: 90,
            at: Some(6),
            tail_bytes: 3,
            failures: 1,
        }),
        tail_bytes: 4,
        now: Some(8),
        first_at: Some(-1),
        load: Some(LastLoad { millis: 7, events: 80 }),
        event_types: vec!["A".to_owned()].into(),
        states: vec![true].into(),
        kind: Some("task".into()),
        stream: "cart-42".into(),
    };
    assert_eq!(observation, expected);
    let again = serde_json::to_value(&observation).unwrap();
    assert_eq!(again, serde_json::from_str::<Value>(text).unwrap());
    assert!(
        serde_json::from_value::<Observation>(json!({"events": 1, "tailByte": 4})).is_err(),
        "a misspelt field"
    );

    let decision = judge(
        json!({"everyEvents": 100}),
        json!({"events": 120, "snapshot": {"events": 20}}),
    );
    let measured = Measured {
        unit: Unit::Events,
        amount: 100,
        threshold: 100,
        since: Since::Snapshot(20),
    };
    assert_eq!(
        decision,
        Decision {
            take: true,
            reason: Reason::Measured(measured)
        }
    );
    assert_eq!(
        serde_json::to_value(&decision).unwrap(),
        json!({"take": true, "reason": {"code": "measured", "unit": "events", "amount": 100, "threshold": 100, "since": {"snapshot": 20}}})
    );
    let decision = judge(json!({"whenEvent": ["A"]}), json!({"events": 1, "eventTypes": ["A"]}));
    assert_eq!(
        serde_json::to_value(&decision).unwrap(),
        json!({"take": true, "reason": {"code": "eventFolded", "eventType": "A"}})
    );
}

#[test]
fn needs_are_what_the_driver_must_supply() {
    let none = Needs::default();
    for (data, needs) in [
        (json!("never"), none.clone()),
        (json!({"everyEvents": 1}), none.clone()),
        (
            json!({"everyBytes": 1}),
            Needs {
                bytes: true,
                ..none.clone()
            },
        ),
        (
            json!({"tailRatio": 1}),
            Needs {
                bytes: true,
                ..none.clone()
            },
        ),
        (
            json!({"everyMillis": 1}),
            Needs {
                clock: true,
                ..none.clone()
            },
        ),
        (
            json!({"slowLoad": 1}),
            Needs {
                clock: true,
                ..none.clone()
            },
        ),
        (
            json!({"whenState": 4}),
            Needs {
                states: 5,
                ..none.clone()
            },
        ),
        (
            json!({"jitter": {"fraction": 0.1, "policy": {"everyBytes": 1}}}),
            Needs {
                stream: true,
                bytes: true,
                ..none.clone()
            },
        ),
        (
            json!({"perKind": {"kinds": {"a": {"whenEvent": ["C", "A"]}}, "otherwise": {"allOf": [{"whenEvent": ["B", "A"]}]}}}),
            Needs {
                kind: true,
                event_types: vec!["A".into(), "B".into(), "C".into()],
                ..none.clone()
            },
        ),
    ] {
        assert_eq!(policy(data.clone()).needs(), needs, "{data}");
    }
    assert_eq!(
        serde_json::to_value(policy(json!({"whenEvent": ["A"]})).needs()).unwrap(),
        json!({"bytes": false, "clock": false, "eventTypes": ["A"], "states": 0, "kind": false, "stream": false})
    );
}

fn refused(data: Value) -> Error {
    let spec: Spec = serde_json::from_value(data).unwrap();
    Policy::try_from(spec).unwrap_err()
}
