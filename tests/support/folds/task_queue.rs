//! The state of a task queue and the events of its log, as `examples/rules/task-queue.json` has them. Times are seconds.
//!
//! Optional fields stand in the order in which events bring them.

use serde::{Deserialize, Serialize};
use snapfold::value::Value;

use super::keyed::Keyed;

/// Parts that came later are empty if an older state lacks them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TaskQueue {
    pub metadata: Metadata,
    pub tasks: Keyed<Task>,
    pub runs: Keyed<Run>,
    #[serde(default)]
    pub engine: Engine,
    #[serde(default)]
    pub dependencies: Keyed<Dependency>,
    #[serde(default)]
    pub budgets: Keyed<Keyed<Budget>>,
    #[serde(default)]
    pub subscriptions: Keyed<Subscription>,
    #[serde(default)]
    pub actors: Keyed<Actor>,
    #[serde(default)]
    pub tenants: Keyed<Tenant>,
    /// By tenant and actor.
    #[serde(default)]
    pub roles: Keyed<Keyed<Role>>,
    /// By tenant, actor and capability.
    #[serde(default)]
    pub capabilities: Keyed<Keyed<Keyed<Capability>>>,
    #[serde(default)]
    pub ledger: Vec<LedgerEntry>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Metadata {
    pub schema_version: u32,
    pub task_count: u64,
    pub run_count: u64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Task {
    pub spec: Value,
    pub created_at: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub canceled_at: Option<u64>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Run {
    pub task: String,
    pub state: RunState,
    pub scheduled_at: u64,
    pub created_at: u64,
    pub attempt_count: u64,
    pub history: Vec<StateChange>,
    pub attempts: Keyed<Attempt>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lease: Option<Lease>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub current_attempt: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum RunState {
    Scheduled,
    Ready,
    Leased,
    Running,
    RetryWait,
    Suspended,
    Completed,
    Failed,
    Canceled,
}

impl RunState {
    pub fn is_final(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Canceled)
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StateChange {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<RunState>,
    pub to: RunState,
    pub at: u64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Attempt {
    pub started_at: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Lease {
    pub owner: String,
    pub expiry: u64,
    pub acquired_at: u64,
    pub updated_at: u64,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Engine {
    pub paused: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub paused_at: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resumed_at: Option<u64>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Dependency {
    pub depends_on: Vec<String>,
    pub declared_at: u64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Budget {
    pub limit: u64,
    pub allocated_at: u64,
    pub consumed: u64,
    pub exhausted: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Subscription {
    pub task: String,
    pub filter: Value,
    pub created_at: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub triggered_at: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub canceled_at: Option<u64>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Actor {
    pub identity: String,
    pub capabilities: Vec<String>,
    pub heartbeat_interval: u64,
    pub registered_at: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub department: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_heartbeat: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deregistered_at: Option<u64>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Tenant {
    pub name: String,
    pub created_at: u64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Role {
    pub role: String,
    pub assigned_at: u64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Capability {
    pub granted_at: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revoked_at: Option<u64>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LedgerEntry {
    pub entry: String,
    pub tenant: u64,
    pub key: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    pub payload: String,
    pub at: u64,
}

/// What an event of the log says; how it stands there is [`Event`]'s.
#[rustfmt::skip] // one line an event
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", content = "data", rename_all_fields = "camelCase")]
pub enum Fact {
    TaskCreated { task: String, spec: Value },
    TaskUpdated { task: String, changes: Value },
    TaskCanceled { task: String },
    RunCreated { run: String, task: String, state: RunState, scheduled_at: u64 },
    RunStateChanged { run: String, from: RunState, to: RunState },
    AttemptStarted { run: String, attempt: String },
    AttemptFinished {
        run: String,
        attempt: String,
        result: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        error: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        output: Option<String>,
    },
    LeaseAcquired { run: String, owner: String, expiry: u64 },
    LeaseRenewed { run: String, expiry: u64 },
    LeaseReleased { run: String },
    EnginePaused {},
    EngineResumed {},
    DependencyDeclared { task: String, depends_on: Vec<String> },
    BudgetAllocated { task: String, dimension: String, limit: u64 },
    BudgetConsumed { task: String, dimension: String, amount: u64 },
    BudgetExhausted { task: String, dimension: String },
    SubscriptionCreated { subscription: String, task: String, filter: Value },
    SubscriptionTriggered { subscription: String },
    SubscriptionCanceled { subscription: String },
    ActorRegistered {
        actor: String,
        identity: String,
        capabilities: Vec<String>,
        heartbeat_interval: u64,
        #[serde(skip_serializing_if = "Option::is_none")]
        department: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        tenant: Option<u64>,
    },
    ActorHeartbeat { actor: String },
    ActorDeregistered { actor: String },
    TenantCreated { tenant: u64, name: String },
    RoleAssigned { actor: String, role: String, tenant: u64 },
    CapabilityGranted { actor: String, capability: String, tenant: u64 },
    CapabilityRevoked { actor: String, capability: String, tenant: u64 },
    LedgerEntryAppended {
        entry: String,
        tenant: u64,
        key: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        actor: Option<String>,
        payload: String,
    },
}

/// One line of the log.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    pub position: u64,
    pub at: u64,
    pub fact: Fact,
}

#[derive(Deserialize)]
struct Envelope {
    position: u64,
    at: u64,
}

impl Event {
    pub fn from_json(line: &str) -> Self {
        let Envelope { position, at } = serde_json::from_str(line).unwrap();
        let fact = serde_json::from_str(line).unwrap();
        Self { position, at, fact }
    }

    pub fn to_json(&self) -> String {
        let Self { position, at, fact } = self;
        let fact = serde_json::to_string(fact).unwrap();
        format!(
            r#"{{"position":{position},"id":"e-{position}","at":{at},{}"#,
            &fact[1..]
        )
    }
}
