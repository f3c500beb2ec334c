//! Laws that hold for every policy and every observation.

use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::{Value, json};
use snapfold::Code;
use snapfold::policy::{Attempt, LastLoad, LastSnapshot, Needs, Observation, Policy, Reason, Spec, decide};

use super::MAX;

fn small() -> impl Strategy<Value = u64> {
    prop_oneof![4 => 0_u64..200, 1 => any::<u64>()]
}

fn time() -> impl Strategy<Value = Option<i64>> {
    prop_oneof![1 => Just(None), 4 => (-200_i64..200).prop_map(Some), 1 => any::<i64>().prop_map(Some)]
}

fn name() -> impl Strategy<Value = String> {
    "[A-D]"
}

fn policies() -> impl Strategy<Value = Policy> {
    let number = prop_oneof![4 => 1_u64..100, 1 => 1..=MAX];
    let leaf = prop_oneof![
        Just(Policy::never()),
        number.clone().prop_map(|n| Policy::every_events(n).unwrap()),
        number.clone().prop_map(|n| Policy::every_bytes(n).unwrap()),
        number.clone().prop_map(|n| Policy::every_millis(n).unwrap()),
        number.prop_map(|n| Policy::slow_load(n).unwrap()),
        (0.01_f64..10.0).prop_map(|ratio| Policy::tail_ratio(ratio).unwrap()),
        prop::collection::vec(name(), 1..3).prop_map(|types| Policy::when_event(types).unwrap()),
        (0_u32..3).prop_map(|index| Policy::when_state(index).unwrap()),
    ];
    leaf.prop_recursive(4, 12, 3, |inner| {
        let several = prop::collection::vec(inner.clone(), 1..4);
        prop_oneof![
            several.clone().prop_map(|list| Policy::any_of(list).unwrap()),
            several.prop_map(|list| Policy::all_of(list).unwrap()),
            (prop::collection::btree_map(name(), inner.clone(), 1..3), inner.clone())
                .prop_map(|(kinds, otherwise)| Policy::per_kind(kinds, otherwise).unwrap()),
            (0.001_f64..=0.5, inner).prop_map(|(fraction, policy)| Policy::jitter(fraction, policy).unwrap()),
        ]
    })
}

prop_compose! {
    fn snapshots()(events in small(), at in time(), bytes in small()) -> LastSnapshot {
        LastSnapshot { events, at, bytes }
    }
}

prop_compose! {
    fn tries()(events in small(), at in time(), tail_bytes in small(), failures in prop_oneof![0_u32..9, any::<u32>()]) -> Attempt {
        Attempt { events, at, tail_bytes, failures }
    }
}

prop_compose! {
    fn observations()(
        (events, tail_bytes) in (small(), small()),
        snapshot in prop::option::of(snapshots()),
        attempt in prop::option::of(tries()),
        (now, first_at) in (time(), time()),
        load in prop::option::of((small(), small()).prop_map(|(millis, events)| LastLoad { millis, events })),
        event_types in prop::collection::vec(name(), 0..3),
        states in prop::collection::vec(any::<bool>(), 0..4),
        kind in prop::option::of(name()),
        stream in ".{0,8}",
    ) -> Observation<'static> {
        Observation {
            events, snapshot, attempt, tail_bytes, now, first_at, load,
            event_types: event_types.into(), states: states.into(), kind: kind.map(Into::into), stream: stream.into(),
        }
    }
}

/// The shapes of policies, filled with anything.
fn almost_policies() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(json!("never")),
        Just(json!(null)),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (0_u64..4).prop_map(Value::from),
        name().prop_map(Value::from),
    ];
    let key = prop::sample::select(vec![
        "everyEvents",
        "everyBytes",
        "tailRatio",
        "whenEvent",
        "whenState",
        "anyOf",
        "perKind",
        "kinds",
        "otherwise",
        "jitter",
        "fraction",
        "policy",
        "",
    ]);
    leaf.prop_recursive(6, 24, 3, move |inner| {
        let trigger = (key.clone(), inner.clone()).prop_map(|(key, body)| json!({ key: body }));
        let kinds = (inner.clone(), inner.clone());
        let jitter = (0.0_f64..0.7, inner.clone());
        prop_oneof![
            4 => trigger,
            1 => prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            1 => prop::collection::vec(inner, 0..3).prop_map(|list| json!({"anyOf": list})),
            1 => kinds.prop_map(|(kind, otherwise)| json!({"perKind": {"kinds": {"a": kind}, "otherwise": otherwise}})),
            1 => jitter.prop_map(|(fraction, policy)| json!({"jitter": {"fraction": fraction, "policy": policy}})),
        ]
    })
}

/// The observation without all that the policy says it does not need.
fn only_needed(needs: &Needs, mut observation: Observation<'static>) -> Observation<'static> {
    if !needs.bytes {
        observation.tail_bytes = 0;
        observation.snapshot = observation
            .snapshot
            .map(|snapshot| LastSnapshot { bytes: 0, ..snapshot });
        observation.attempt = observation.attempt.map(|attempt| Attempt {
            tail_bytes: 0,
            ..attempt
        });
    }
    if !needs.clock {
        (observation.now, observation.first_at, observation.load) = (None, None, None);
        observation.snapshot = observation
            .snapshot
            .map(|snapshot| LastSnapshot { at: None, ..snapshot });
        observation.attempt = observation.attempt.map(|attempt| Attempt { at: None, ..attempt });
    }
    observation
        .event_types
        .to_mut()
        .retain(|name| needs.event_types.contains(name));
    observation.states.to_mut().truncate(needs.states as usize);
    if !needs.kind {
        observation.kind = None;
    }
    if !needs.stream {
        observation.stream = "".into();
    }
    observation
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn nothing_new_means_no_snapshot(policy in policies(), mut observation in observations(), covered in small()) {
        observation.events = covered;
        observation.snapshot = Some(LastSnapshot { events: covered, ..observation.snapshot.unwrap_or_default() });
        prop_assert!(!decide(&policy, &observation).take);
        observation.events = 0;
        prop_assert!(!decide(&policy, &observation).take);
    }

    #[test]
    fn more_events_never_turn_yes_into_no(policy in policies(), mut observation in observations(), more in small()) {
        // A log that was not reset holds what its snapshot and its attempt have seen.
        let covered = observation.snapshot.map_or(0, |snapshot| snapshot.events);
        let tried = observation.attempt.map_or(0, |attempt| attempt.events);
        observation.events = observation.events.max(covered).max(tried);
        let before = decide(&policy, &observation);
        observation.events = observation.events.saturating_add(more);
        prop_assert!(decide(&policy, &observation).take >= before.take);
    }

    #[test]
    fn damping_never_takes_earlier(policy in policies(), damped in observations()) {
        let mut undamped = damped.clone();
        undamped.attempt = None;
        prop_assert!(decide(&policy, &damped).take <= decide(&policy, &undamped).take);
    }

    #[test]
    fn one_more_failure_never_takes_earlier(policy in policies(), mut observation in observations(), attempt in tries()) {
        let failures = attempt.failures.saturating_add(1);
        observation.attempt = Some(attempt);
        let before = decide(&policy, &observation);
        observation.attempt = Some(Attempt { failures, ..attempt });
        prop_assert!(decide(&policy, &observation).take <= before.take);
    }

    #[test]
    fn what_is_not_needed_does_not_matter(policy in policies(), observation in observations()) {
        let needed = only_needed(&policy.needs(), observation.clone());
        prop_assert_eq!(decide(&policy, &needed), decide(&policy, &observation));
    }

    #[test]
    fn jitter_keeps_a_threshold_within_bounds(n in 1..=MAX, fraction in 0.0001_f64..=0.5, stream in ".{0,16}") {
        let policy = Policy::jitter(fraction, Policy::every_events(n).unwrap()).unwrap();
        let mut observation = Observation::new(stream);
        observation.events = 1;
        let Reason::Measured(measured) = decide(&policy, &observation).reason else { panic!("not measured") };
        prop_assert!((1..=n).contains(&measured.threshold));
        prop_assert!(measured.threshold as f64 >= (1.0 - fraction) * n as f64 * (1.0 - f64::EPSILON));
    }

    #[test]
    fn any_and_all_are_or_and_and(list in prop::collection::vec(policies(), 1..4), observation in observations()) {
        let each: BTreeSet<bool> = list.iter().map(|policy| decide(policy, &observation).take).collect();
        let any = decide(&Policy::any_of(list.clone()).unwrap(), &observation).take;
        let all = decide(&Policy::all_of(list).unwrap(), &observation).take;
        prop_assert_eq!((any, all), (each.contains(&true), !each.contains(&false)));
    }

    #[test]
    fn a_policy_survives_its_data_form(policy in policies()) {
        let data = serde_json::to_value(&policy).unwrap();
        prop_assert_eq!(serde_json::from_value::<Policy>(data).unwrap(), policy);
    }

    #[test]
    fn data_is_a_policy_or_is_refused_with_a_path(data in almost_policies()) {
        let spec: Spec = serde_json::from_value(data).unwrap();
        if let Err(error) = Policy::try_from(spec) {
            prop_assert_eq!(error.code(), Code::InvalidOption);
            prop_assert!(error.path().is_some_and(|path| path.starts_with("policy")));
        }
    }
}
