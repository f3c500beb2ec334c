// @ts-check
/** What `task-queue.json` says, by hand: a reducer that changes its state. Times are seconds. */
import { known } from './plain.js';

/**
 * @typedef {{ spec: Record<string, unknown>, createdAt: number, updatedAt?: number, canceledAt?: number }} Task
 * @typedef {{ startedAt: number, finishedAt?: number, result?: string, error?: string, output?: string }} Attempt
 * @typedef {object} Run
 * @property {string} task
 * @property {string} state
 * @property {number} scheduledAt
 * @property {number} createdAt
 * @property {number} attemptCount
 * @property {{ from?: string, to: string, at: number }[]} history
 * @property {Map<string, Attempt>} attempts
 * @property {string} [currentAttempt]
 * @property {{ owner: string, expiry: number, acquiredAt: number, updatedAt: number }} [lease]
 * @typedef {{ limit: number, allocatedAt: number, consumed: number, exhausted: boolean }} Budget
 * @typedef {{ task: string, filter: unknown, createdAt: number, triggeredAt?: number, canceledAt?: number }} Subscription
 * @typedef {object} Actor
 * @property {string} identity
 * @property {string[]} capabilities
 * @property {number} heartbeatInterval
 * @property {number} registeredAt
 * @property {string} [department]
 * @property {number} [tenant]
 * @property {number} [lastHeartbeat]
 * @property {number} [deregisteredAt]
 * @typedef {{ entry: string, tenant: number, key: string, actor?: string, payload: string, at: number }} LedgerEntry
 */

export function initialState() {
  return {
    metadata: { schemaVersion: 1, taskCount: 0, runCount: 0 },
    tasks: /** @type {Map<string, Task>} */ (new Map()),
    runs: /** @type {Map<string, Run>} */ (new Map()),
    engine: /** @type {{ paused: boolean, pausedAt?: number, resumedAt?: number }} */ ({ paused: false }),
    dependencies: /** @type {Map<string, { dependsOn: string[], declaredAt: number }>} */ (new Map()),
    budgets: /** @type {Map<string, Map<string, Budget>>} */ (new Map()),
    subscriptions: /** @type {Map<string, Subscription>} */ (new Map()),
    actors: /** @type {Map<string, Actor>} */ (new Map()),
    tenants: /** @type {Map<number, { name: string, createdAt: number }>} */ (new Map()),
    roles: /** @type {Map<number, Map<string, { role: string, assignedAt: number }>>} */ (new Map()),
    capabilities: /** @type {Map<number, Map<string, Map<string, { grantedAt: number, revokedAt?: number }>>>} */ (new Map()),
    ledger: /** @type {LedgerEntry[]} */ ([]),
  };
}

/** @typedef {ReturnType<typeof initialState>} TaskQueue */

/**
 * @param {TaskQueue} state
 * @param {{ type: string, at: number, data: any }} event
 */
export function evolve(state, { type, at, data }) {
  const handler = handlers[type];
  if (handler === undefined) throw new Error(`${type} is not known`);
  handler(state, data, at);
  return state;
}

/** @type {Record<string, (state: TaskQueue, data: any, at: number) => void>} */
const handlers = {
  TaskCreated(state, { task, spec }, at) {
    state.tasks.set(task, { spec, createdAt: at });
    state.metadata.taskCount += 1;
  },
  TaskUpdated(state, { task, changes }, at) {
    const found = known(state.tasks, task);
    found.spec = merge(found.spec, changes);
    found.updatedAt = at;
  },
  TaskCanceled(state, { task }, at) {
    known(state.tasks, task).canceledAt = at;
  },

  RunCreated(state, { run, task, state: to, scheduledAt }, at) {
    state.runs.set(run, {
      task,
      state: to,
      scheduledAt,
      createdAt: at,
      attemptCount: 0,
      history: [{ to, at }],
      attempts: new Map(),
    });
    state.metadata.runCount += 1;
  },
  RunStateChanged(state, { run: id, from, to }, at) {
    const run = known(state.runs, id);
    run.state = to;
    run.history.push({ from, to, at });
  },
  AttemptStarted(state, { run: id, attempt }, at) {
    const run = known(state.runs, id);
    run.attempts.set(attempt, { startedAt: at });
    run.currentAttempt = attempt;
    run.attemptCount += 1;
  },
  AttemptFinished(state, { run: id, attempt: number, result, error, output }, at) {
    const run = known(state.runs, id);
    const attempt = known(run.attempts, number);
    attempt.finishedAt = at;
    attempt.result = result;
    if (error !== undefined) attempt.error = error;
    if (output !== undefined) attempt.output = output;
    delete run.currentAttempt;
  },
  LeaseAcquired(state, { run, owner, expiry }, at) {
    known(state.runs, run).lease = { owner, expiry, acquiredAt: at, updatedAt: at };
  },
  LeaseRenewed(state, { run, expiry }, at) {
    const { lease } = known(state.runs, run);
    if (lease === undefined) throw new Error(`${run} has no lease`);
    lease.expiry = expiry;
    lease.updatedAt = at;
  },
  LeaseReleased(state, { run }) {
    delete known(state.runs, run).lease;
  },

  EnginePaused({ engine }, _data, at) {
    engine.paused = true;
    engine.pausedAt = at;
  },
  EngineResumed({ engine }, _data, at) {
    engine.paused = false;
    engine.resumedAt = at;
  },

  DependencyDeclared(state, { task, dependsOn }, at) {
    state.dependencies.set(task, { dependsOn, declaredAt: at });
  },

  BudgetAllocated(state, { task, dimension, limit }, at) {
    within(state.budgets, task).set(dimension, { limit, allocatedAt: at, consumed: 0, exhausted: false });
  },
  BudgetConsumed(state, { task, dimension, amount }) {
    known(known(state.budgets, task), dimension).consumed += amount;
  },
  BudgetExhausted(state, { task, dimension }) {
    known(known(state.budgets, task), dimension).exhausted = true;
  },

  SubscriptionCreated(state, { subscription, task, filter }, at) {
    state.subscriptions.set(subscription, { task, filter, createdAt: at });
  },
  SubscriptionTriggered(state, { subscription }, at) {
    known(state.subscriptions, subscription).triggeredAt = at;
  },
  SubscriptionCanceled(state, { subscription }, at) {
    known(state.subscriptions, subscription).canceledAt = at;
  },

  ActorRegistered(state, { actor: id, identity, capabilities, heartbeatInterval, department, tenant }, at) {
    /** @type {Actor} */
    const actor = { identity, capabilities, heartbeatInterval, registeredAt: at };
    if (department !== undefined) actor.department = department;
    if (tenant !== undefined) actor.tenant = tenant;
    state.actors.set(id, actor);
  },
  ActorHeartbeat(state, { actor }, at) {
    known(state.actors, actor).lastHeartbeat = at;
  },
  ActorDeregistered(state, { actor }, at) {
    known(state.actors, actor).deregisteredAt = at;
  },

  TenantCreated(state, { tenant, name }, at) {
    state.tenants.set(tenant, { name, createdAt: at });
  },
  RoleAssigned(state, { actor, role, tenant }, at) {
    within(state.roles, tenant).set(actor, { role, assignedAt: at });
  },
  CapabilityGranted(state, { actor, capability, tenant }, at) {
    within(within(state.capabilities, tenant), actor).set(capability, { grantedAt: at });
  },
  CapabilityRevoked(state, { actor, capability, tenant }, at) {
    known(known(known(state.capabilities, tenant), actor), capability).revokedAt = at;
  },
  LedgerEntryAppended({ ledger }, { entry, tenant, key, actor, payload }, at) {
    ledger.push({ entry, tenant, key, ...(actor !== undefined && { actor }), payload, at });
  },
};

/**
 * The map under a key, made if there is none.
 * @template K, L, V
 * @param {Map<K, Map<L, V>>} maps
 * @param {K} key
 */
function within(maps, key) {
  let map = maps.get(key);
  if (map === undefined) maps.set(key, (map = new Map()));
  return map;
}

/**
 * RFC 7396.
 * @param {any} target
 * @param {any} patch
 */
function merge(target, patch) {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch;
  const merged = typeof target === 'object' && target !== null && !Array.isArray(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete merged[key];
    else merged[key] = merge(merged[key], value);
  }
  return merged;
}
