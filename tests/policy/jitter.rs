//! Thresholds that differ from stream to stream.

use serde_json::{Value, json};
use snapfold::policy::{Measured, Observation, Reason, decide};

use super::{MAX, judge, policy, threshold};

/// Computed apart from this implementation, from the steps in the module's documentation.
#[test]
fn jitter_has_golden_values() {
    let golden: [(&str, [u64; 4], u64); 4] = [
        ("cart-1", [98, 9_763, 8_472_017_044_267_273, 1], 8_847),
        ("cart-42", [92, 9_135, 7_058_491_152_953_056, 1], 6_142),
        ("", [89, 8_846, 6_407_264_165_363_907, 1], 5_061),
        ("Bücher/7", [100, 9_919, 8_822_684_864_507_819, 1], 9_595),
    ];
    for (stream, [hundred, ten_thousand, largest, one], nested) in golden {
        let of = |fraction: f64, n: u64| {
            let data = json!({"jitter": {"fraction": fraction, "policy": {"everyEvents": n}}});
            threshold(data, json!({"events": 1, "stream": stream}))
        };
        assert_eq!(of(0.2, 100), hundred, "{stream}");
        assert_eq!(of(0.2, 10_000), ten_thousand, "{stream}");
        assert_eq!(of(0.5, MAX), largest, "{stream}");
        assert_eq!(of(0.1, 1), one, "{stream}");
        let inner = json!({"jitter": {"fraction": 0.5, "policy": {"everyEvents": 10_000}}});
        let twice = json!({"jitter": {"fraction": 0.5, "policy": inner}});
        assert_eq!(
            threshold(twice, json!({"events": 1, "stream": stream})),
            nested,
            "{stream}"
        );
    }
}

#[test]
fn jitter_touches_thresholds_alone() {
    let jitter = |inner: Value| json!({"jitter": {"fraction": 0.5, "policy": inner}});
    let observation = json!({"events": 2, "now": 1, "firstAt": 0, "stream": "cart-42", "snapshot": {"events": 1, "at": 0, "bytes": 10_000}});
    let events = threshold(jitter(json!({"everyEvents": 10_000})), observation.clone());
    assert!(events < 10_000);
    for same in [
        json!({"everyBytes": 10_000}),
        json!({"everyMillis": 10_000}),
        json!({"tailRatio": 1.0}),
    ] {
        assert_eq!(threshold(jitter(same), observation.clone()), events);
    }
    let within = json!({"anyOf": [{"everyEvents": 10_000}]});
    assert_eq!(threshold(jitter(within), observation.clone()), events);
    let slow = judge(
        jitter(json!({"slowLoad": 50})),
        json!({"events": 2, "load": {"millis": 50, "events": 2}}),
    );
    assert_eq!(
        slow.reason,
        Reason::Loaded {
            millis: 50,
            threshold: 50
        }
    );
    let damped = json!({"events": 3, "stream": "cart-42", "attempt": {"events": 2, "failures": 3}});
    assert_eq!(threshold(jitter(json!({"everyEvents": 10_000})), damped), 4 * events);
}

#[test]
fn jitter_spreads_streams_evenly() {
    let mut tenths = [0_u32; 10];
    let policy = policy(json!({"jitter": {"fraction": 0.2, "policy": {"everyEvents": 1_000_000}}}));
    for i in 0..10_000 {
        let mut observation = Observation::new(format!("cart-{i}"));
        observation.events = 1;
        let Reason::Measured(Measured { threshold, .. }) = decide(&policy, &observation).reason else {
            panic!("not measured")
        };
        tenths[((1_000_000 - threshold) / 20_000) as usize] += 1;
    }
    assert!(tenths.iter().all(|count| (850..1_150).contains(count)), "{tenths:?}");
}
