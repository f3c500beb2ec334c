//! Loan applications as rules, beside the reducers by hand: a log of the shape of the BPI Challenge 2012
//! (doi:10.4121/uuid:3926db30-f712-4394-aebc-75976070e91f), made by `node examples/rules/generate.js loans 2000`.

use std::collections::BTreeMap;

use proptest::prelude::*;
use snapfold::fold::Anchor;
use snapfold::fold::rules::Rules;

use super::folds::loans::{ApplicationHistory, Applications, Event};
use super::shipped::{assert_cut, assert_same, fold, types_of_events, types_of_rules};

pub const WHOLE_LOG: &str = include_str!("../../examples/rules/loan-applications.json");
pub const PER_APPLICATION: &str = include_str!("../../examples/rules/loan-application.json");
const LOG: &str = include_str!("../fixtures/loan-applications.ndjson");

fn rules(spec: &str) -> Rules {
    Rules::from_json(spec.as_bytes()).unwrap()
}

fn lines() -> Vec<String> {
    LOG.split_inclusive('\n').map(str::to_owned).collect()
}

fn events(lines: &[String]) -> Vec<Event> {
    lines.iter().map(|line| Event::from_json(line)).collect()
}

#[test]
fn the_whole_log_is_one_stream() {
    let lines = lines();
    assert_eq!(types_of_events(&lines), types_of_rules(WHOLE_LOG));
    let folded = fold(&rules(WHOLE_LOG), &lines);
    assert_same(&folded, &Applications::after(&events(&lines)));
    assert_eq!(
        (folded.progress.position(), folded.progress.event_count()),
        (Some(2_000), 2_000)
    );
    // Its events have no ids, so their bytes say which they are.
    let last = lines.last().unwrap().trim_end();
    assert_eq!(folded.progress.anchor(), Some(&Anchor::of_bytes(last.as_bytes())));
}

#[test]
fn each_application_is_a_stream_and_may_be_cut_anywhere() {
    let rules = rules(PER_APPLICATION);
    let mut streams = BTreeMap::<_, Vec<_>>::new();
    for line in lines() {
        streams.entry(Event::from_json(&line).stream).or_default().push(line);
    }
    assert!(streams.len() > 100);
    for lines in streams.values() {
        let all = fold(&rules, lines);
        assert_same(&all, &ApplicationHistory::after(&events(lines)));
        (0..=lines.len()).for_each(|cut| assert_cut(&rules, lines, cut, &all));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn the_whole_log_may_be_cut_anywhere(cut in 0_usize..=2_000) {
        let (rules, lines) = (rules(WHOLE_LOG), lines());
        assert_cut(&rules, &lines, cut, &fold(&rules, &lines));
    }
}
