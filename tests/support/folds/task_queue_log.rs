//! Logs of a task queue: every event is one that such a queue could have written.

use std::collections::VecDeque;

use snapfold::value::{self, Value};

use super::random::Random;
use super::task_queue::{Event, Fact, RunState};

const START: u64 = 1_750_000_000;
const ACTIVE_RUNS: usize = 30;
const CAPABILITIES: [&str; 4] = ["submit", "cancel", "review", "deploy"];

/// That many events, from position 1, the same for the same seed.
pub fn task_queue_log(seed: u64, count: usize) -> Vec<Event> {
    task_queue_log_after(0, seed, count)
}

/// How a log that has come to that position could go on if nothing of what it tells of is ever heard of again.
pub fn task_queue_log_after(position: u64, seed: u64, count: usize) -> Vec<Event> {
    let mut world = World::new(seed);
    world.time += 3 * position;
    world.made = position; // no event makes two ids
    let mut events = Vec::with_capacity(count);
    while events.len() < count {
        if world.facts.is_empty() {
            world.go_on();
            continue;
        }
        world.time += world.random.below(3) as u64;
        events.extend(world.facts.pop_front().map(|fact| Event {
            position: position + events.len() as u64 + 1,
            at: world.time,
            fact,
        }));
    }
    events
}

/// The events as JSON Lines, one by one.
pub fn lines_of(events: &[Event]) -> Vec<String> {
    events.iter().map(|event| event.to_json() + "\n").collect()
}

struct World {
    random: Random,
    time: u64,
    made: u64,
    paused: bool,
    tasks: Vec<String>,
    runs: Vec<Run>,
    budgets: Vec<Budget>,
    subscriptions: Vec<Subscription>,
    actors: Vec<String>,
    tenants: Vec<u64>,
    /// Of capabilities that are granted.
    revocations: Vec<Fact>,
    facts: VecDeque<Fact>,
}

struct Run {
    id: String,
    task: String,
    state: RunState,
    attempts: u64,
    leased: bool,
}

struct Budget {
    task: String,
    dimension: String,
    left: u64,
}

struct Subscription {
    id: String,
    triggered: bool,
}

impl World {
    fn new(seed: u64) -> Self {
        Self {
            random: Random::new(seed),
            time: START,
            made: 0,
            paused: false,
            tasks: vec![],
            runs: vec![],
            budgets: vec![],
            subscriptions: vec![],
            actors: vec![],
            tenants: vec![],
            revocations: vec![],
            facts: VecDeque::new(),
        }
    }

    /// The next thing happens; it can be several events.
    fn go_on(&mut self) {
        if self.tenants.is_empty() {
            self.create_tenant();
        } else if self.actors.is_empty() {
            self.register_actor();
        } else if self.runs.is_empty() || (self.runs.len() < ACTIVE_RUNS && self.chance(10)) {
            self.submit_task();
        } else if self.chance(30) {
            self.administrate();
        } else {
            self.advance_run();
        }
    }

    fn administrate(&mut self) {
        match self.random.below(14) {
            0 => self.update_task(),
            1 => self.cancel_task(),
            2 => self.switch_engine(),
            3 | 4 => self.use_budget(),
            5 => self.move_subscription(),
            6 => self.create_tenant(),
            7 => self.register_actor(),
            8 => self.heartbeat(),
            9 => self.deregister_actor(),
            10 => self.assign_role(),
            11 | 12 => self.move_capability(),
            _ => self.append_to_ledger(),
        }
    }

    fn tell(&mut self, fact: Fact) {
        self.facts.push_back(fact);
    }

    fn chance(&mut self, percent: usize) -> bool {
        self.random.below(100) < percent
    }

    fn below(&mut self, end: usize) -> u64 {
        self.random.below(end) as u64
    }

    fn text_of(&mut self, choices: &[&str]) -> String {
        (*self.random.one_of(choices)).to_owned()
    }

    fn perhaps(&mut self, choices: &[&str]) -> Option<String> {
        self.chance(50).then(|| self.text_of(choices))
    }

    fn some_task(&mut self) -> String {
        self.random.one_of(&self.tasks).clone()
    }

    fn some_actor(&mut self) -> String {
        self.random.one_of(&self.actors).clone()
    }

    fn some_tenant(&mut self) -> u64 {
        *self.random.one_of(&self.tenants)
    }

    fn new_id(&mut self, kind: &str) -> String {
        self.made += 1;
        format!("{kind}-{}", self.made)
    }
}

/// Tasks and what belongs to one.
impl World {
    fn submit_task(&mut self) {
        let task = self.new_id("task");
        let spec = self.spec();
        self.tell(Fact::TaskCreated {
            task: task.clone(),
            spec,
        });
        if self.tasks.len() > 2 && self.chance(30) {
            let mut depends_on = vec![self.some_task(), self.some_task()];
            depends_on.dedup();
            self.tell(Fact::DependencyDeclared {
                task: task.clone(),
                depends_on,
            });
        }
        if self.chance(50) {
            self.allocate_budget(task.clone());
        }
        if self.chance(40) {
            self.subscribe(task.clone());
        }
        for _ in 0..1 + self.random.below(3) {
            self.create_run(task.clone());
        }
        self.tasks.push(task);
    }

    fn spec(&mut self) -> Value {
        let timeout = *self.random.one_of(&["30", "null", "1.5"]);
        let policy = *self.random.one_of(&[r#""once""#, r#"{"repeat":3,"every":3600}"#]);
        let tags = *self
            .random
            .one_of(&["[]", r#"["nightly","a/b~c"]"#, r#"[["nested",{}],null]"#]);
        let (size, attempts, priority) = (self.below(4_096), self.below(4) + 1, self.below(200) as f64 / 8.0);
        json(&format!(
            r#"{{"payload":{{"type":"text/plain","size":{size}}},"policy":{policy},"tags":{tags},
            "constraints":{{"timeout":{timeout},"attempts":{attempts}}},"priority":{priority}}}"#
        ))
    }

    fn update_task(&mut self) {
        let changes = *self.random.one_of(&[
            r#"{"priority":7}"#,
            r#"{"tags":null}"#,
            r#"{"tags":["by hand"],"policy":{"repeat":1,"until":{"at":null,"in":5}}}"#,
            r#"{"constraints":{"timeout":null,"attempts":9}}"#,
            r#"{"constraints":"none","note":"✎"}"#,
            "{}",
        ]);
        let (task, changes) = (self.some_task(), json(changes));
        self.tell(Fact::TaskUpdated { task, changes });
    }

    fn cancel_task(&mut self) {
        if self.tasks.len() < 4 {
            return;
        }
        let task = self.tasks.remove(self.random.below(self.tasks.len()));
        self.tell(Fact::TaskCanceled { task: task.clone() });
        let (canceled, others): (Vec<_>, _) = std::mem::take(&mut self.runs)
            .into_iter()
            .partition(|run| run.task == task);
        self.runs = others;
        for mut run in canceled {
            if run.state == RunState::Running {
                self.finish_attempt(&run, "Failure", Some("canceled".into()), None);
            }
            self.release(&mut run);
            self.change_state(&mut run, RunState::Canceled);
        }
    }

    fn allocate_budget(&mut self, task: String) {
        let dimension = self.text_of(&["tokens", "cents", "seconds"]);
        let limit = 50 + self.below(500);
        self.budgets.push(Budget {
            task: task.clone(),
            dimension: dimension.clone(),
            left: limit,
        });
        self.tell(Fact::BudgetAllocated { task, dimension, limit });
    }

    fn use_budget(&mut self) {
        let Some(mut budget) = self.budgets.pop() else { return };
        let amount = 1 + self.below(200);
        budget.left = budget.left.saturating_sub(amount);
        let (task, dimension) = (budget.task.clone(), budget.dimension.clone());
        self.tell(Fact::BudgetConsumed {
            task: task.clone(),
            dimension: dimension.clone(),
            amount,
        });
        match budget.left {
            0 => self.tell(Fact::BudgetExhausted { task, dimension }),
            _ => self.budgets.insert(0, budget),
        }
    }

    fn subscribe(&mut self, task: String) {
        let subscription = self.new_id("subscription");
        let filter = *self
            .random
            .one_of(&[r#"{"runState":"Completed"}"#, r#""task completed""#, "null"]);
        self.subscriptions.push(Subscription {
            id: subscription.clone(),
            triggered: false,
        });
        let filter = json(filter);
        self.tell(Fact::SubscriptionCreated {
            subscription,
            task,
            filter,
        });
    }

    fn move_subscription(&mut self) {
        let Some(subscription) = self.subscriptions.pop() else {
            return;
        };
        let id = subscription.id.clone();
        if subscription.triggered {
            return self.tell(Fact::SubscriptionCanceled { subscription: id });
        }
        let triggered = Subscription {
            triggered: true,
            ..subscription
        };
        self.subscriptions.insert(0, triggered);
        self.tell(Fact::SubscriptionTriggered { subscription: id });
    }
}

/// A run's life.
impl World {
    fn create_run(&mut self, task: String) {
        let run = self.new_id("run");
        let (state, scheduled_at) = (RunState::Scheduled, self.time + self.below(600));
        self.runs.push(Run {
            id: run.clone(),
            task: task.clone(),
            state,
            attempts: 0,
            leased: false,
        });
        self.tell(Fact::RunCreated {
            run,
            task,
            state,
            scheduled_at,
        });
    }

    fn advance_run(&mut self) {
        let mut run = self.runs.swap_remove(self.random.below(self.runs.len()));
        match run.state {
            RunState::Ready if self.paused => self.switch_engine(),
            RunState::Ready => self.lease(&mut run),
            RunState::Leased if self.chance(10) => {
                self.release(&mut run);
                self.change_state(&mut run, RunState::Ready);
            }
            RunState::Leased => self.start_attempt(&mut run),
            RunState::Running if self.chance(40) => {
                let (run, expiry) = (run.id.clone(), self.time + 60);
                self.tell(Fact::LeaseRenewed { run, expiry });
            }
            RunState::Running => self.end_attempt(&mut run),
            _ => self.change_state(&mut run, RunState::Ready),
        }
        if !run.state.is_final() {
            self.runs.push(run);
        }
    }

    fn change_state(&mut self, run: &mut Run, to: RunState) {
        let from = std::mem::replace(&mut run.state, to);
        self.tell(Fact::RunStateChanged {
            run: run.id.clone(),
            from,
            to,
        });
    }

    fn lease(&mut self, run: &mut Run) {
        run.leased = true;
        self.change_state(run, RunState::Leased);
        let (owner, expiry) = (self.some_actor(), self.time + 60);
        self.tell(Fact::LeaseAcquired {
            run: run.id.clone(),
            owner,
            expiry,
        });
    }

    fn release(&mut self, run: &mut Run) {
        if std::mem::take(&mut run.leased) {
            self.tell(Fact::LeaseReleased { run: run.id.clone() });
        }
    }

    fn start_attempt(&mut self, run: &mut Run) {
        run.attempts += 1;
        self.change_state(run, RunState::Running);
        let attempt = format!("attempt-{}", run.attempts);
        self.tell(Fact::AttemptStarted {
            run: run.id.clone(),
            attempt,
        });
    }

    fn end_attempt(&mut self, run: &mut Run) {
        let output = self.perhaps(&["NDI=", "", "w6k="]);
        let error = Some(self.text_of(&["connection reset", "no such file: \"a/b\"", "exit 1\n✗"]));
        let (result, error, output, to) = match self.random.below(10) {
            0 => ("Suspended", None, output, RunState::Suspended),
            1 => ("Timeout", error, None, RunState::RetryWait),
            2 | 3 if run.attempts < 3 => ("Failure", error, output, RunState::RetryWait),
            2 | 3 => ("Failure", error, None, RunState::Failed),
            _ => ("Success", None, output, RunState::Completed),
        };
        self.finish_attempt(run, result, error, output);
        self.release(run);
        self.change_state(run, to);
    }

    fn finish_attempt(&mut self, run: &Run, result: &str, error: Option<String>, output: Option<String>) {
        self.tell(Fact::AttemptFinished {
            run: run.id.clone(),
            attempt: format!("attempt-{}", run.attempts),
            result: result.to_owned(),
            error,
            output,
        });
    }
}

/// Whoever works there.
impl World {
    fn switch_engine(&mut self) {
        self.paused = !self.paused;
        match self.paused {
            true => self.tell(Fact::EnginePaused {}),
            false => self.tell(Fact::EngineResumed {}),
        }
    }

    /// Tenants have numbers, in no order.
    fn create_tenant(&mut self) {
        let tenant = self.below(1_000);
        if !self.tenants.contains(&tenant) {
            self.tenants.push(tenant);
            let name = format!("tenant \"{tenant}\"");
            self.tell(Fact::TenantCreated { tenant, name });
        }
    }

    fn register_actor(&mut self) {
        let actor = self.new_id("actor");
        self.actors.push(actor.clone());
        let capabilities = CAPABILITIES
            .iter()
            .filter(|_| self.chance(50))
            .map(|&name| name.to_owned());
        let registered = Fact::ActorRegistered {
            identity: format!("host/{actor}"),
            capabilities: capabilities.collect(),
            actor,
            heartbeat_interval: 15 + self.below(45),
            department: self.perhaps(&["billing", "~1 {a/b}"]),
            tenant: self.chance(60).then(|| self.some_tenant()),
        };
        self.tell(registered);
    }

    fn heartbeat(&mut self) {
        let actor = self.some_actor();
        self.tell(Fact::ActorHeartbeat { actor });
    }

    fn deregister_actor(&mut self) {
        if self.actors.len() > 2 {
            let actor = self.actors.remove(self.random.below(self.actors.len()));
            self.tell(Fact::ActorDeregistered { actor });
        }
    }

    fn assign_role(&mut self) {
        let role = self.text_of(&["operator", "auditor", "gatekeeper"]);
        let (actor, tenant) = (self.some_actor(), self.some_tenant());
        self.tell(Fact::RoleAssigned { actor, role, tenant });
    }

    fn move_capability(&mut self) {
        if self.chance(40)
            && let Some(revocation) = self.revocations.pop()
        {
            return self.tell(revocation);
        }
        let (actor, capability, tenant) = (self.some_actor(), self.text_of(&CAPABILITIES), self.some_tenant());
        self.revocations.push(Fact::CapabilityRevoked {
            actor: actor.clone(),
            capability: capability.clone(),
            tenant,
        });
        self.tell(Fact::CapabilityGranted {
            actor,
            capability,
            tenant,
        });
    }

    fn append_to_ledger(&mut self) {
        let appended = Fact::LedgerEntryAppended {
            entry: self.new_id("entry"),
            tenant: self.some_tenant(),
            key: self.text_of(&["usage", "credit"]),
            actor: self.chance(70).then(|| self.some_actor()),
            payload: self.text_of(&["ODEw", "", "bm90aGluZw=="]),
        };
        self.tell(appended);
    }
}

fn json(text: &str) -> Value {
    value::from_slice(&value::from_json(text.as_bytes()).unwrap()).unwrap()
}
