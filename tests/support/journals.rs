//! Journals of durable workflows, in the names of the shipped table, and the steps that they come to.

use serde_json::{Value, json};

/// A journal under construction, and what a compaction must make of it.
#[derive(Clone, Debug, Default)]
pub struct Log {
    /// The events, each as a line of JSON.
    pub lines: Vec<String>,
    /// The complete steps, each with the position of its first event.
    pub steps: Vec<(u64, Value)>,
    /// Where each step ends: how many events there are then.
    pub ends: Vec<usize>,
}

impl Log {
    /// Position of the next event.
    pub fn next(&self) -> u64 {
        self.lines.len() as u64 + 1
    }

    /// Appends an event with the position that comes next.
    pub fn event(&mut self, kind: &str, data: Value) -> &mut Self {
        self.lines.push(line(self.next(), kind, data));
        self
    }

    /// Says what the last `events` events are as a step.
    pub fn step(&mut self, events: u64, step: Value) -> &mut Self {
        let mut step = step;
        step["advanceBy"] = json!(events);
        self.steps.push((self.next() - events, step));
        self.ends.push(self.lines.len());
        self
    }

    /// An activity: events that end in a completion or a failure, and the step.
    pub fn activity(&mut self, command: &str, events: &[&str]) -> &mut Self {
        for event in events {
            self.event(&format!("activity_{event}"), activity(command));
        }
        let outcome = if events.last() == Some(&"completed") {
            "result"
        } else {
            "error"
        };
        let mut step = json!({"kind": "activity", "commandId": command, "shape": {"module": "Billing", "function": "charge", "arity": 1}});
        step[outcome] = activity(command)[if outcome == "result" { "payload" } else { "error" }].clone();
        self.step(events.len() as u64, step)
    }
}

pub fn line(position: u64, kind: &str, data: Value) -> String {
    json!({"position": position, "id": format!("e{position}"), "type": kind, "data": data}).to_string()
}

pub fn text(lines: &[String]) -> String {
    lines.iter().map(|line| format!("{line}\n")).collect()
}

/// The payload of every event of an activity.
pub fn activity(command: &str) -> Value {
    json!({
        "command_id": command, "module": "Billing", "function": "charge", "arity": 1,
        "payload": {"receipt": command, "cents": [1, 2, 3]}, "error": format!("{command} is out of order"),
    })
}
