//! Built-in folds against reducers by hand: from the bytes of events, JSON Lines, to a state. Events of the reducers are typed and
//! borrow their text; maps are those of std.

mod journal;
mod loans;
mod orders;

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use snapfold::fold::journal::Journal;
use snapfold::fold::rules::Rules;
use snapfold::value;

use crate::measure::{Task, measure};
use crate::{Mode, print};

/// A state that is folded by hand.
trait ByHand: Default {
    /// Folds the event of one line in.
    fn take(&mut self, line: &[u8]);

    /// What our encoded state would be as JSON.
    fn json(&self) -> Value;
}

/// Measures the logs of a folder, as `benches/js/write-logs.js` makes them.
pub fn take(folder: &Path, mode: &Mode) {
    let log = |name: &str| fs::read(folder.join(name).with_extension("ndjson")).expect("the log can be read");
    let (loans, orders) = (log("loans"), log("orders"));
    let whole = include_str!("../../../../examples/rules/loan-applications.json");
    compare::<loans::WholeLog>("loan applications", &loans, rules(whole), as_json, mode);
    compare::<loans::Latest>("loan applications, latest", &loans, rules(loans::LATEST), as_json, mode);
    let shop = include_str!("../../../../examples/rules/orders.json");
    compare::<orders::Shop>("orders", &orders, rules(shop), as_json, mode);
    let steps = |bytes: &[u8]| {
        let mut session = Journal::default().start();
        session.json_lines(bytes).expect("folds");
        session.folded().state
    };
    compare::<journal::Compaction>("journal", &log("journal"), steps, journal::as_json, mode);
}

/// One log: both sides must make the same state, and then are timed.
fn compare<T: ByHand>(
    name: &str,
    bytes: &[u8],
    fold: impl Fn(&[u8]) -> Vec<u8>,
    as_json: fn(&[u8]) -> Value,
    mode: &Mode,
) {
    eprintln!("  fold, {name}");
    assert!(
        as_json(&fold(bytes)) == by_hand::<T>(bytes).json(),
        "the states of {name} differ"
    );
    let tasks = [
        Task::new("snapfold", || fold(bytes)),
        Task::new("serde_json + HashMap", || by_hand::<T>(bytes)),
    ];
    let events = bytes.iter().filter(|byte| **byte == b'\n').count();
    for (task, timing) in tasks.iter().zip(measure(&tasks, mode.rounds, mode.batch_ms)) {
        print(json!({
            "kind": "fold", "name": name, "part": "all", "streams": 1, "events": events, "bytes": bytes.len(),
            "side": task.side, "ms": timing.ms, "spread": timing.spread,
        }));
    }
}

fn by_hand<T: ByHand>(bytes: &[u8]) -> T {
    let mut state = T::default();
    let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    lines.for_each(|line| state.take(line));
    state
}

fn rules(spec: &str) -> impl Fn(&[u8]) -> Vec<u8> {
    let rules = Rules::from_json(spec.as_bytes()).expect("the rules are valid");
    move |bytes| {
        let mut session = rules.start();
        session.json_lines(bytes).expect("folds");
        session.folded().state
    }
}

fn as_json(state: &[u8]) -> Value {
    value::from_slice(state).expect("decodes")
}

/// Text that takes the place of other text, in its memory.
fn set(target: &mut Option<String>, text: &str) {
    let target = target.get_or_insert_default();
    target.clear();
    target.push_str(text);
}
