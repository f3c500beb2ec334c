//! The task queue as rules, beside the reducer by hand.

use proptest::prelude::*;
use snapfold::fold::rules::Rules;

use super::folds::task_queue::{Event, TaskQueue};
use super::folds::task_queue_log::{lines_of, task_queue_log};
use super::shipped::{assert_cut, assert_progress, assert_same, fold, fold_cbor, types_of_events, types_of_rules};

pub const SPEC: &str = include_str!("../../examples/rules/task-queue.json");

fn rules() -> Rules {
    Rules::from_json(SPEC.as_bytes()).unwrap()
}

#[test]
fn generated_logs_tell_of_everything_and_are_read_back() {
    let events = task_queue_log(1, 6_000);
    let lines = lines_of(&events);
    assert_eq!(types_of_events(&lines), types_of_rules(SPEC));
    assert!(lines.iter().map(|line| Event::from_json(line)).eq(events));
}

#[test]
fn a_queue_without_events_is_empty() {
    assert_same(&fold(&rules(), &[]), &TaskQueue::default());
}

#[test]
fn every_cut_of_a_small_log_gives_the_same() {
    let rules = rules();
    for seed in 0..4 {
        let lines = lines_of(&task_queue_log(seed, 80));
        let all = fold(&rules, &lines);
        (0..=lines.len()).for_each(|cut| assert_cut(&rules, &lines, cut, &all));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn rules_equal_the_reducer_by_hand(seed: u64, count in 1_usize..800, cut: prop::sample::Index) {
        let rules = rules();
        let events = task_queue_log(seed, count);
        let lines = lines_of(&events);
        let folded = fold(&rules, &lines);
        assert_same(&folded, &TaskQueue::after(&events));
        assert_progress(&folded, count as u64, &format!("e-{count}"));
        assert!(fold_cbor(&rules, &lines) == folded);
        assert_cut(&rules, &lines, cut.index(count + 1), &folded);
    }
}
