//! A shop's orders as rules, beside the reducer by hand.

use proptest::prelude::*;
use snapfold::fold::rules::Rules;

use super::folds::orders::{Event, Shop};
use super::folds::orders_log::{lines_of, order_log};
use super::shipped::{assert_cut, assert_progress, assert_same, fold, fold_cbor, types_of_events, types_of_rules};

pub const SPEC: &str = include_str!("../../examples/rules/orders.json");

fn rules() -> Rules {
    Rules::from_json(SPEC.as_bytes()).unwrap()
}

#[test]
fn generated_logs_tell_of_everything_and_are_read_back() {
    let events = order_log(1, 1_000);
    let lines = lines_of(&events);
    assert_eq!(types_of_events(&lines), types_of_rules(SPEC));
    assert!(lines.iter().map(|line| Event::from_json(line)).eq(events));
}

#[test]
fn every_cut_of_a_small_log_gives_the_same() {
    let rules = rules();
    for seed in 0..4 {
        let lines = lines_of(&order_log(seed, 80));
        let all = fold(&rules, &lines);
        (0..=lines.len()).for_each(|cut| assert_cut(&rules, &lines, cut, &all));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn rules_equal_the_reducer_by_hand(seed: u64, count in 1_usize..800, cut: prop::sample::Index) {
        let rules = rules();
        let events = order_log(seed, count);
        let lines = lines_of(&events);
        let folded = fold(&rules, &lines);
        assert_same(&folded, &Shop::after(&events));
        assert_progress(&folded, count as u64, &format!("e-{count}"));
        assert!(fold_cbor(&rules, &lines) == folded);
        assert_cut(&rules, &lines, cut.index(count + 1), &folded);
    }
}
