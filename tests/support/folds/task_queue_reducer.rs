//! What `examples/rules/task-queue.json` says, by hand.

use snapfold::value::Value;

use super::keyed::Keyed;
use super::task_queue::*;

impl Default for TaskQueue {
    fn default() -> Self {
        Self {
            metadata: Metadata {
                schema_version: 1,
                task_count: 0,
                run_count: 0,
            },
            tasks: Keyed::default(),
            runs: Keyed::default(),
            engine: Engine::default(),
            dependencies: Keyed::default(),
            budgets: Keyed::default(),
            subscriptions: Keyed::default(),
            actors: Keyed::default(),
            tenants: Keyed::default(),
            roles: Keyed::default(),
            capabilities: Keyed::default(),
            ledger: vec![],
        }
    }
}

impl TaskQueue {
    pub fn after<'a>(events: impl IntoIterator<Item = &'a Event>) -> Self {
        let mut state = Self::default();
        events.into_iter().for_each(|event| state.apply(event));
        state
    }

    pub fn apply(&mut self, event: &Event) {
        let at = event.at;
        match event.fact.clone() {
            Fact::TaskCreated { task, spec } => self.create_task(&task, spec, at),
            Fact::TaskUpdated { task, changes } => {
                let task = self.tasks.known(&task);
                merge(&mut task.spec, changes);
                task.updated_at = Some(at);
            }
            Fact::TaskCanceled { task } => self.tasks.known(&task).canceled_at = Some(at),
            Fact::DependencyDeclared { task, depends_on } => {
                let declared_at = at;
                self.dependencies.set(
                    &task,
                    Dependency {
                        depends_on,
                        declared_at,
                    },
                );
            }
            Fact::EnginePaused {} => {
                self.engine.paused = true;
                self.engine.paused_at = Some(at);
            }
            Fact::EngineResumed {} => {
                self.engine.paused = false;
                self.engine.resumed_at = Some(at);
            }
            fact => self.apply_to_run(fact, at),
        }
    }

    fn create_task(&mut self, task: &str, spec: Value, at: u64) {
        let created = Task {
            spec,
            created_at: at,
            updated_at: None,
            canceled_at: None,
        };
        self.tasks.set(task, created);
        self.metadata.task_count += 1;
    }

    fn apply_to_run(&mut self, fact: Fact, at: u64) {
        match fact {
            Fact::RunCreated {
                run,
                task,
                state,
                scheduled_at,
            } => {
                let created = Run {
                    task,
                    state,
                    scheduled_at,
                    created_at: at,
                    attempt_count: 0,
                    history: vec![StateChange {
                        from: None,
                        to: state,
                        at,
                    }],
                    attempts: Keyed::default(),
                    lease: None,
                    current_attempt: None,
                };
                self.runs.set(&run, created);
                self.metadata.run_count += 1;
            }
            Fact::RunStateChanged { run, from, to } => {
                let run = self.runs.known(&run);
                run.state = to;
                run.history.push(StateChange {
                    from: Some(from),
                    to,
                    at,
                });
            }
            Fact::LeaseAcquired { run, owner, expiry } => {
                self.runs.known(&run).lease = Some(Lease {
                    owner,
                    expiry,
                    acquired_at: at,
                    updated_at: at,
                });
            }
            Fact::LeaseRenewed { run, expiry } => {
                let lease = self.runs.known(&run).lease.as_mut().expect("a lease");
                lease.expiry = expiry;
                lease.updated_at = at;
            }
            Fact::LeaseReleased { run } => self.runs.known(&run).lease = None,
            fact => self.apply_to_attempt(fact, at),
        }
    }

    fn apply_to_attempt(&mut self, fact: Fact, at: u64) {
        match fact {
            Fact::AttemptStarted { run, attempt } => {
                let run = self.runs.known(&run);
                let started = Attempt {
                    started_at: at,
                    finished_at: None,
                    result: None,
                    error: None,
                    output: None,
                };
                run.attempts.set(&attempt, started);
                run.current_attempt = Some(attempt);
                run.attempt_count += 1;
            }
            Fact::AttemptFinished {
                run,
                attempt,
                result,
                error,
                output,
            } => {
                let run = self.runs.known(&run);
                let attempt = run.attempts.known(&attempt);
                attempt.finished_at = Some(at);
                attempt.result = Some(result);
                attempt.error = error;
                attempt.output = output;
                run.current_attempt = None;
            }
            fact => self.apply_to_budget_or_subscription(fact, at),
        }
    }

    fn apply_to_budget_or_subscription(&mut self, fact: Fact, at: u64) {
        match fact {
            Fact::BudgetAllocated { task, dimension, limit } => {
                let allocated = Budget {
                    limit,
                    allocated_at: at,
                    consumed: 0,
                    exhausted: false,
                };
                self.budgets.within(&task).set(&dimension, allocated);
            }
            Fact::BudgetConsumed {
                task,
                dimension,
                amount,
            } => {
                self.budgets.known(&task).known(&dimension).consumed += amount;
            }
            Fact::BudgetExhausted { task, dimension } => {
                self.budgets.known(&task).known(&dimension).exhausted = true;
            }
            Fact::SubscriptionCreated {
                subscription,
                task,
                filter,
            } => {
                let created = Subscription {
                    task,
                    filter,
                    created_at: at,
                    triggered_at: None,
                    canceled_at: None,
                };
                self.subscriptions.set(&subscription, created);
            }
            Fact::SubscriptionTriggered { subscription } => {
                self.subscriptions.known(&subscription).triggered_at = Some(at);
            }
            Fact::SubscriptionCanceled { subscription } => {
                self.subscriptions.known(&subscription).canceled_at = Some(at);
            }
            fact => self.apply_to_tenant(fact, at),
        }
    }

    fn apply_to_tenant(&mut self, fact: Fact, at: u64) {
        match fact {
            Fact::TenantCreated { tenant, name } => {
                self.tenants.set(&tenant.to_string(), Tenant { name, created_at: at });
            }
            Fact::RoleAssigned { actor, role, tenant } => {
                let assigned = Role { role, assigned_at: at };
                self.roles.within(&tenant.to_string()).set(&actor, assigned);
            }
            Fact::CapabilityGranted {
                actor,
                capability,
                tenant,
            } => {
                let granted = Capability {
                    granted_at: at,
                    revoked_at: None,
                };
                let capabilities = self.capabilities.within(&tenant.to_string());
                capabilities.within(&actor).set(&capability, granted);
            }
            Fact::CapabilityRevoked {
                actor,
                capability,
                tenant,
            } => {
                let capabilities = self.capabilities.known(&tenant.to_string());
                capabilities.known(&actor).known(&capability).revoked_at = Some(at);
            }
            Fact::LedgerEntryAppended {
                entry,
                tenant,
                key,
                actor,
                payload,
            } => self.ledger.push(LedgerEntry {
                entry,
                tenant,
                key,
                actor,
                payload,
                at,
            }),
            fact => self.apply_to_actor(fact, at),
        }
    }

    fn apply_to_actor(&mut self, fact: Fact, at: u64) {
        match fact {
            Fact::ActorRegistered {
                actor,
                identity,
                capabilities,
                heartbeat_interval,
                department,
                tenant,
            } => {
                let registered = Actor {
                    identity,
                    capabilities,
                    heartbeat_interval,
                    registered_at: at,
                    department,
                    tenant,
                    last_heartbeat: None,
                    deregistered_at: None,
                };
                self.actors.set(&actor, registered);
            }
            Fact::ActorHeartbeat { actor } => self.actors.known(&actor).last_heartbeat = Some(at),
            Fact::ActorDeregistered { actor } => self.actors.known(&actor).deregistered_at = Some(at),
            fact => panic!("nothing handles {fact:?}"),
        }
    }
}

/// RFC 7396.
fn merge(target: &mut Value, patch: Value) {
    let Value::Object(changes) = patch else {
        *target = patch;
        return;
    };
    if !matches!(target, Value::Object(_)) {
        *target = Value::Object(vec![]);
    }
    let Value::Object(members) = target else { return };
    for (key, change) in changes {
        let there = members.iter().position(|(name, _)| *name == key);
        match (there, change) {
            (Some(index), Value::Null) => drop(members.remove(index)),
            (None, Value::Null) => {}
            (Some(index), change) => merge(&mut members[index].1, change),
            (None, change) => {
                let mut made = Value::Null;
                merge(&mut made, change);
                members.push((key, made));
            }
        }
    }
}
