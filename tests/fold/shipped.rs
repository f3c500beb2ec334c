//! The rules that ship as examples: what is tried with each of them.

use std::collections::BTreeSet;
use std::iter;

use serde::{Serialize, de::DeserializeOwned};
use snapfold::fold::rules::Rules;
use snapfold::fold::{Anchor, Folded};
use snapfold::value::{self, Value};

use super::folds::{loans, orders, task_queue};

const README: &str = include_str!("../../examples/rules/README.md");

pub fn fold(rules: &Rules, lines: &[String]) -> Folded {
    in_batches(rules, iter::once(lines))
}

pub fn in_batches<'a>(rules: &Rules, batches: impl IntoIterator<Item = &'a [String]>) -> Folded {
    let mut session = rules.start();
    for batch in batches {
        session.json_lines(batch.concat().as_bytes()).unwrap();
    }
    session.folded()
}

pub fn fold_cbor(rules: &Rules, lines: &[String]) -> Folded {
    let items: Vec<_> = lines
        .iter()
        .map(|line| value::from_json(line.as_bytes()).unwrap())
        .collect();
    let mut session = rules.start();
    session.cbor_sequence(&items.concat()).unwrap();
    session.folded()
}

pub fn go_on(rules: &Rules, base: &Folded, tail: &[String]) -> Folded {
    let mut session = rules.resume(&base.state, &base.progress).unwrap();
    session.json_lines(tail.concat().as_bytes()).unwrap();
    session.folded()
}

/// Rules and reducer make the same state, to the byte, and it is read back as the same.
pub fn assert_same<S: DeserializeOwned + PartialEq + Serialize>(folded: &Folded, by_hand: &S) {
    let bytes = value::to_vec(by_hand).unwrap();
    let [rules, hand] = [&folded.state, &bytes].map(|bytes| value::from_slice(bytes).unwrap());
    assert_eq!(difference(&rules, &hand), None);
    assert!(folded.state == bytes, "equal values of different bytes");
    assert!(&value::from_slice::<S>(&folded.state).unwrap() == by_hand);
}

/// Where two values differ first. The states themselves are too long to be read.
fn difference(rules: &Value, hand: &Value) -> Option<String> {
    let below = |name: &str, (rules, hand)| Some(format!("/{name}{}", difference(rules, hand)?));
    match (rules, hand) {
        (Value::Object(rules), Value::Object(hand))
            if rules.iter().map(|(key, _)| key).eq(hand.iter().map(|(key, _)| key)) =>
        {
            let mut members = iter::zip(rules, hand);
            members.find_map(|((key, rules), (_, hand))| below(key, (rules, hand)))
        }
        (Value::Array(rules), Value::Array(hand)) if rules.len() == hand.len() => {
            let mut elements = iter::zip(rules, hand).enumerate();
            elements.find_map(|(index, pair)| below(&index.to_string(), pair))
        }
        _ => (rules != hand).then(|| format!(": the rules make {rules:?}, by hand it is {hand:?}")),
    }
}

/// Wherever the log is cut: two batches make what one makes, and so do a base and its tail.
pub fn assert_cut(rules: &Rules, lines: &[String], cut: usize, all: &Folded) {
    let (head, tail) = lines.split_at(cut);
    assert!(&in_batches(rules, [head, tail]) == all, "cut at {cut}");
    let base = fold(rules, head);
    assert_eq!(base.progress.event_count(), cut as u64);
    assert!(&go_on(rules, &base, tail) == all, "base and tail at {cut}");
}

pub fn assert_progress(folded: &Folded, position: u64, id: &str) {
    let anchor = Anchor::id(id);
    assert_eq!(folded.progress.position(), Some(position));
    assert_eq!(folded.progress.event_count(), position);
    assert_eq!(folded.progress.anchor(), Some(&anchor));
    assert!(folded.pending.is_empty());
}

/// The event types that a specification has rules for.
pub fn types_of_rules(spec: &str) -> BTreeSet<String> {
    let spec: serde_json::Value = serde_json::from_str(spec).unwrap();
    spec["rules"].as_object().unwrap().keys().cloned().collect()
}

/// The event types that occur.
pub fn types_of_events<'a>(lines: impl IntoIterator<Item = &'a String>) -> BTreeSet<String> {
    let kind = |line: &String| {
        let event: serde_json::Value = serde_json::from_str(line).unwrap();
        event["type"].as_str().unwrap().to_owned()
    };
    lines.into_iter().map(kind).collect()
}

/// The log that the README shows under a heading.
fn shown(heading: &str) -> Vec<String> {
    let (_, section) = README.split_once(&format!("\n## {heading}\n")).unwrap();
    let (_, block) = section.split_once("```jsonl\n").unwrap();
    let (block, _) = block.split_once("```").unwrap();
    block.split_inclusive('\n').map(str::to_owned).collect()
}

#[test]
fn the_readme_shows_an_event_of_every_type_and_they_make_a_log() {
    let spec = super::orders::SPEC;
    let lines = shown("Orders");
    assert_eq!(types_of_events(&lines), types_of_rules(spec));
    let events: Vec<_> = lines.iter().map(|line| orders::Event::from_json(line)).collect();
    let folded = fold(&Rules::from_json(spec.as_bytes()).unwrap(), &lines);
    assert_same(&folded, &orders::Shop::after(&events));

    let spec = super::task_queue::SPEC;
    let lines = shown("The task queue");
    assert_eq!(types_of_events(&lines), types_of_rules(spec));
    let events: Vec<_> = lines.iter().map(|line| task_queue::Event::from_json(line)).collect();
    let folded = fold(&Rules::from_json(spec.as_bytes()).unwrap(), &lines);
    assert_same(&folded, &task_queue::TaskQueue::after(&events));

    let lines = shown("Loan applications");
    let events: Vec<_> = lines.iter().map(|line| loans::Event::from_json(line)).collect();
    for spec in [super::loans::WHOLE_LOG, super::loans::PER_APPLICATION] {
        assert_eq!(types_of_events(&lines), types_of_rules(spec));
    }
    let folded = fold(&Rules::from_json(super::loans::WHOLE_LOG.as_bytes()).unwrap(), &lines);
    assert_same(&folded, &loans::Applications::after(&events));
    let folded = fold(
        &Rules::from_json(super::loans::PER_APPLICATION.as_bytes()).unwrap(),
        &lines,
    );
    assert_same(&folded, &loans::ApplicationHistory::after(&events));
}
