//! The compaction of the journal that `benches/js/generate-journal.js` makes, with the checks of the built-in one.

use std::borrow::Cow;
use std::mem;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use snapfold::value::{self, OrderedMap};

use super::ByHand;

#[derive(Deserialize)]
struct Event<'a> {
    position: u64,
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    data: Data<'a>,
}

#[derive(Deserialize)]
struct Data<'a> {
    #[serde(borrow)]
    command_id: Cow<'a, str>,
    #[serde(borrow)]
    module: Option<Cow<'a, str>>,
    #[serde(borrow)]
    function: Option<Cow<'a, str>>,
    arity: Option<u64>,
    #[serde(borrow)]
    timer_id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    timeout_timer_id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    name: Option<Cow<'a, str>>,
    #[serde(borrow)]
    kind: Option<Cow<'a, str>>,
    #[serde(borrow)]
    level: Option<Cow<'a, str>>,
    #[serde(borrow)]
    message: Option<Cow<'a, str>>,
    payload: Option<Value>,
    error: Option<Value>,
}

/// Steps in the order of their positions. What waits are the events from the open step on.
#[derive(Default)]
pub struct Compaction {
    steps: Vec<(u64, Step)>,
    position: u64,
    stage: Stage,
}

#[derive(Default)]
enum Stage {
    #[default]
    Ready,
    Open(Open),
    /// The last step has failed, and may be tried again.
    Failed,
}

/// A step that waits for its end.
struct Open {
    position: u64,
    kind: &'static str,
    command_id: String,
    shape: Shape,
    /// The timer that ends it.
    timer: Option<String>,
    retried: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Step {
    kind: &'static str,
    command_id: String,
    shape: Shape,
    #[serde(flatten)]
    outcome: Outcome,
    advance_by: u64,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Shape {
    Text(String),
    Activity {
        module: String,
        function: String,
        arity: u64,
    },
    Log {
        level: String,
        message: String,
    },
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
enum Outcome {
    Result(Value),
    Error(Value),
}

impl ByHand for Compaction {
    fn take(&mut self, line: &[u8]) {
        let event: Event<'_> = serde_json::from_slice(line).expect("an event");
        assert!(event.position == self.position + 1, "a gap before {}", event.position);
        self.position = event.position;
        self.stage = match mem::take(&mut self.stage) {
            Stage::Open(open) => self.go_on(open, event),
            Stage::Failed if event.kind == "activity_retry_scheduled" => Stage::Open(self.retry(&event.data)),
            Stage::Ready | Stage::Failed => self.start(event),
        };
    }

    fn json(&self) -> Value {
        self.steps
            .iter()
            .map(|(position, step)| (position.to_string(), serde_json::to_value(step).expect("encodes")))
            .collect()
    }
}

impl Compaction {
    fn start(&mut self, Event { position, kind, data }: Event<'_>) -> Stage {
        let command_id = data.command_id.into_owned();
        let (kind, shape, result) = match &*kind {
            "activity_scheduled" => {
                let (module, function, arity) = (text(data.module), text(data.function), data.arity.expect("arity"));
                let shape = Shape::Activity {
                    module,
                    function,
                    arity,
                };
                return open(position, "activity", command_id, shape, None);
            }
            "timer_started" => {
                return open(
                    position,
                    "timer",
                    command_id,
                    Shape::Text("timer".into()),
                    Some(text(data.timer_id)),
                );
            }
            "signal_awaited" => {
                let timer = data.timeout_timer_id.map(Cow::into_owned);
                return open(
                    position,
                    "await_signal",
                    command_id,
                    Shape::Text(text(data.name)),
                    timer,
                );
            }
            "side_effect" => (
                "side_effect",
                Shape::Text(text(data.kind)),
                data.payload.unwrap_or_default(),
            ),
            "workflow_log" => {
                let (level, message) = (text(data.level), text(data.message));
                ("workflow_log", Shape::Log { level, message }, "ok".into())
            }
            other => panic!("{position}: there is nothing that {other} could go on with"),
        };
        let outcome = Outcome::Result(result);
        let step = Step {
            kind,
            command_id,
            shape,
            outcome,
            advance_by: 1,
        };
        self.steps.push((position, step));
        Stage::Ready
    }

    fn go_on(&mut self, mut open: Open, Event { position, kind, data }: Event<'_>) -> Stage {
        assert!(open.command_id == data.command_id, "{position} is of another step");
        let fired = || open.timer.is_some() && open.timer.as_deref() == data.timer_id.as_deref();
        let (outcome, next) = match (open.kind, &*kind) {
            ("activity", "activity_completed") if open.shape.is(&data) => {
                (Outcome::Result(data.payload.unwrap_or_default()), Stage::Ready)
            }
            ("activity", "activity_failed") if open.shape.is(&data) => {
                (Outcome::Error(data.error.unwrap_or_default()), Stage::Failed)
            }
            ("activity", "activity_retry_scheduled") => {
                open.retried = true;
                return Stage::Open(open);
            }
            ("activity", "activity_scheduled") if open.retried => return Stage::Open(open),
            ("timer", "timer_fired") if fired() => (Outcome::Result("ok".into()), Stage::Ready),
            ("await_signal", "timer_fired") if fired() => (Outcome::Error("timeout".into()), Stage::Ready),
            ("await_signal", "signal_received") if open.shape.is(&data) => {
                (Outcome::Result(data.payload.unwrap_or_default()), Stage::Ready)
            }
            (_, other) => panic!("{position}: {other} does not belong to the step before it"),
        };
        let Open {
            position: first,
            kind,
            command_id,
            shape,
            ..
        } = open;
        let advance_by = position - first + 1;
        let step = Step {
            kind,
            command_id,
            shape,
            outcome,
            advance_by,
        };
        self.steps.push((first, step));
        next
    }

    /// The failed step is none: it goes on.
    fn retry(&mut self, data: &Data<'_>) -> Open {
        let (position, step) = self.steps.pop().expect("a step has failed");
        assert!(step.command_id == data.command_id, "a retry of another step");
        let Step {
            kind,
            command_id,
            shape,
            ..
        } = step;
        Open {
            position,
            kind,
            command_id,
            shape,
            timer: None,
            retried: true,
        }
    }
}

impl Shape {
    /// Whether an end is one of this step.
    fn is(&self, data: &Data<'_>) -> bool {
        match self {
            Self::Text(name) => data.name.as_deref() == Some(name),
            Self::Activity {
                module,
                function,
                arity,
            } => {
                data.module.as_deref() == Some(module)
                    && data.function.as_deref() == Some(function)
                    && data.arity == Some(*arity)
            }
            Self::Log { .. } => false,
        }
    }
}

/// Our state, a Map by position, with text for its keys.
pub fn as_json(state: &[u8]) -> Value {
    let OrderedMap(steps) = value::from_slice::<OrderedMap<u64, Value>>(state).expect("decodes");
    steps
        .into_iter()
        .map(|(position, step)| (position.to_string(), step))
        .collect()
}

fn open(position: u64, kind: &'static str, command_id: String, shape: Shape, timer: Option<String>) -> Stage {
    Stage::Open(Open {
        position,
        kind,
        command_id,
        shape,
        timer,
        retried: false,
    })
}

fn text(text: Option<Cow<'_, str>>) -> String {
    text.expect("a text").into_owned()
}
