// @ts-check
/** A log of a task queue as `task-queue.json` reads it: every event is one that such a queue could have written. */
import { randomFrom } from './random.js';

const START = 1_750_000_000;
const ACTIVE_RUNS = 60;
const TASKS_IN_MIND = 40;
const DIMENSIONS = ['tokens', 'cents', 'seconds'];
const CAPABILITIES = ['submit', 'cancel', 'review', 'deploy'];

/**
 * @typedef {object} Run
 * @property {string} id
 * @property {string} task
 * @property {string} state
 * @property {number} attempts
 * @property {boolean} attempting
 * @property {boolean} leased
 */

/** @typedef {[type: string, data: Record<string, unknown>]} Fact */

/** @param {number} seed */
function emptyWorld(seed) {
  return {
    random: randomFrom(seed),
    time: START,
    made: 0,
    paused: false,
    tasks: /** @type {string[]} */ ([]),
    runs: /** @type {Run[]} */ ([]),
    budgets: /** @type {{ task: string, dimension: string, limit: number, consumed: number }[]} */ ([]),
    subscriptions: /** @type {{ id: string, triggered: boolean }[]} */ ([]),
    actors: /** @type {string[]} */ ([]),
    tenants: /** @type {number[]} */ ([]),
    grants: /** @type {{ actor: string, capability: string, tenant: number }[]} */ ([]),
  };
}

/** @typedef {ReturnType<typeof emptyWorld>} World */

/**
 * @param {object} options
 * @param {number} options.events
 * @param {number} [options.seed]
 */
export function* taskQueueEvents({ events, seed = 1 }) {
  const world = emptyWorld(seed);
  let position = 0;
  while (position < events) {
    for (const [type, data] of happening(world)) {
      if (position === events) return;
      position += 1;
      world.time += world.random.below(3);
      yield { position, id: `e-${position}`, type, at: world.time, data };
    }
  }
}

/**
 * What happens next; one thing can be several events.
 * @param {World} world
 * @returns {Fact[]}
 */
function happening(world) {
  const { random, tenants, actors, runs } = world;
  if (tenants.length === 0) return [tenantCreated(world)];
  if (actors.length === 0) return [actorRegistered(world)];
  if (world.paused && random.chance(0.1)) return engineSwitched(world);
  if (runs.length === 0 || (runs.length < ACTIVE_RUNS && random.chance(0.08))) return submission(world);
  if (random.chance(0.12)) return random.oneOf(ADMINISTRATION)(world);
  return runAdvanced(world, random.oneOf(runs));
}

/** @type {((world: World) => Fact[])[]} */
const ADMINISTRATION = [
  taskUpdated,
  taskCanceled,
  engineSwitched,
  budgetUsed,
  budgetUsed,
  subscriptionMoved,
  (world) => [world.tenants.length < 12 ? tenantCreated(world) : ledgerEntry(world)],
  (world) => [actorRegistered(world)],
  (world) => [['ActorHeartbeat', { actor: world.random.oneOf(world.actors) }]],
  (world) => [['ActorHeartbeat', { actor: world.random.oneOf(world.actors) }]],
  actorDeregistered,
  roleAssigned,
  capabilityMoved,
  capabilityMoved,
  (world) => [ledgerEntry(world)],
];

/**
 * @param {World} world
 * @param {string} kind
 */
function newId(world, kind) {
  world.made += 1;
  return `${kind}-${world.made}`;
}

/**
 * @template T
 * @param {T[]} list
 * @param {number} longest
 * @param {T} item
 */
function remember(list, longest, item) {
  list.push(item);
  if (list.length > longest) list.shift();
}

/**
 * A new task with what belongs to it, and its runs.
 * @param {World} world
 * @returns {Fact[]}
 */
function submission(world) {
  const { random } = world;
  const task = newId(world, 'task');
  /** @type {Fact[]} */
  const facts = [['TaskCreated', { task, spec: spec(random) }]];
  if (world.tasks.length > 2 && random.chance(0.3)) {
    const dependsOn = [...new Set([random.oneOf(world.tasks), random.oneOf(world.tasks)])];
    facts.push(['DependencyDeclared', { task, dependsOn }]);
  }
  if (random.chance(0.4)) {
    const budget = { task, dimension: random.oneOf(DIMENSIONS), limit: 50 + random.below(1_000) };
    remember(world.budgets, TASKS_IN_MIND, { ...budget, consumed: 0 });
    facts.push(['BudgetAllocated', budget]);
  }
  if (random.chance(0.3)) {
    const id = newId(world, 'subscription');
    remember(world.subscriptions, TASKS_IN_MIND, { id, triggered: false });
    const filter = random.oneOf([{ runState: 'Completed' }, { budget: { dimension: 'tokens', percent: 80 } }, 'task completed']);
    facts.push(['SubscriptionCreated', { subscription: id, task, filter }]);
  }
  for (let runs = 1 + random.below(3); runs > 0; runs -= 1) {
    const id = newId(world, 'run');
    world.runs.push({ id, task, state: 'Scheduled', attempts: 0, attempting: false, leased: false });
    facts.push(['RunCreated', { run: id, task, state: 'Scheduled', scheduledAt: world.time + random.below(600) }]);
  }
  remember(world.tasks, TASKS_IN_MIND, task);
  return facts;
}

/** @param {import('./random.js').Random} random */
function spec(random) {
  return {
    payload: { contentType: 'application/json', size: random.below(4_096) },
    policy: random.chance(0.7) ? 'once' : { repeat: 2 + random.below(5), every: 60 * (1 + random.below(60)) },
    constraints: { maxAttempts: 1 + random.below(4), timeout: random.chance(0.5) ? 30 : null },
    tags: random.chance(0.5) ? ['nightly', `team ${random.below(9)}`] : [],
    priority: random.below(200) / 8,
  };
}

/**
 * One step of a run's life.
 * @param {World} world
 * @param {Run} run
 * @returns {Fact[]}
 */
function runAdvanced(world, run) {
  const { random } = world;
  switch (run.state) {
    case 'Ready':
      if (world.paused) return [['ActorHeartbeat', { actor: random.oneOf(world.actors) }]];
      run.leased = true;
      return [moved(world, run, 'Leased'), ['LeaseAcquired', { run: run.id, owner: random.oneOf(world.actors), expiry: world.time + 60 }]];
    case 'Leased':
      return random.chance(0.1) ? [...released(run), moved(world, run, 'Ready')] : [moved(world, run, 'Running'), attemptStarted(run)];
    case 'Running':
      if (random.chance(0.4)) return [['LeaseRenewed', { run: run.id, expiry: world.time + 60 }]];
      return attemptFinished(world, run);
    default: // Scheduled, RetryWait, Suspended
      return [moved(world, run, 'Ready')];
  }
}

/** @type {(world: World, run: Run, to: string) => Fact} */
function moved(world, run, to) {
  const from = run.state;
  run.state = to;
  if (to === 'Completed' || to === 'Failed' || to === 'Canceled') world.runs = world.runs.filter((other) => other !== run);
  return ['RunStateChanged', { run: run.id, from, to }];
}

/** @type {(run: Run) => Fact[]} */
function released(run) {
  if (!run.leased) return [];
  run.leased = false;
  return [['LeaseReleased', { run: run.id }]];
}

/** @type {(run: Run) => Fact} */
function attemptStarted(run) {
  run.attempts += 1;
  run.attempting = true;
  return ['AttemptStarted', { run: run.id, attempt: `attempt-${run.attempts}` }];
}

/** @type {(world: World, run: Run) => Fact[]} */
function attemptFinished(world, run) {
  const { random } = world;
  run.attempting = false;
  const attempt = { run: run.id, attempt: `attempt-${run.attempts}` };
  if (random.chance(0.7)) {
    const output = random.chance(0.5) ? { output: btoa(`output ${random.below(1e6)}`) } : {};
    return [['AttemptFinished', { ...attempt, result: 'Success', ...output }], ...released(run), moved(world, run, 'Completed')];
  }
  if (random.chance(0.2)) {
    return [['AttemptFinished', { ...attempt, result: 'Suspended' }], ...released(run), moved(world, run, 'Suspended')];
  }
  const result = random.chance(0.3) ? 'Timeout' : 'Failure';
  const error = random.oneOf(['connection reset', 'no such file: "a/b"', 'exit 1 ✗']);
  const to = run.attempts >= 3 ? 'Failed' : 'RetryWait';
  return [['AttemptFinished', { ...attempt, result, error }], ...released(run), moved(world, run, to)];
}

/** @type {(world: World) => Fact[]} */
function taskUpdated({ random, tasks }) {
  const changes = random.oneOf([
    { priority: random.below(100) },
    { tags: null },
    { constraints: { timeout: null, maxAttempts: 9 } },
    { policy: { repeat: 1 }, note: 'changed by hand' },
  ]);
  return [['TaskUpdated', { task: random.oneOf(tasks), changes }]];
}

/** @type {(world: World) => Fact[]} */
function taskCanceled(world) {
  const task = world.random.oneOf(world.tasks);
  if (world.tasks.length < 5) return taskUpdated(world);
  world.tasks = world.tasks.filter((other) => other !== task);
  /** @type {Fact[]} */
  const facts = [['TaskCanceled', { task }]];
  for (const run of world.runs.filter((other) => other.task === task)) {
    if (run.attempting) {
      facts.push(['AttemptFinished', { run: run.id, attempt: `attempt-${run.attempts}`, result: 'Failure', error: 'canceled' }]);
    }
    facts.push(...released(run), moved(world, run, 'Canceled'));
  }
  return facts;
}

/** @type {(world: World) => Fact[]} */
function engineSwitched(world) {
  world.paused = !world.paused;
  return [[world.paused ? 'EnginePaused' : 'EngineResumed', {}]];
}

/** @type {(world: World) => Fact[]} */
function budgetUsed(world) {
  const { random, budgets } = world;
  if (budgets.length === 0) return [ledgerEntry(world)];
  const budget = random.oneOf(budgets);
  const { task, dimension } = budget;
  const amount = 1 + random.below(200);
  budget.consumed += amount;
  /** @type {Fact[]} */
  const facts = [['BudgetConsumed', { task, dimension, amount }]];
  if (budget.consumed >= budget.limit) {
    facts.push(['BudgetExhausted', { task, dimension }]);
    world.budgets = budgets.filter((other) => other !== budget);
  }
  return facts;
}

/** @type {(world: World) => Fact[]} */
function subscriptionMoved(world) {
  if (world.subscriptions.length === 0) return [ledgerEntry(world)];
  const subscription = world.random.oneOf(world.subscriptions);
  if (!subscription.triggered) {
    subscription.triggered = true;
    return [['SubscriptionTriggered', { subscription: subscription.id }]];
  }
  world.subscriptions = world.subscriptions.filter((other) => other !== subscription);
  return [['SubscriptionCanceled', { subscription: subscription.id }]];
}

/**
 * Tenants have numbers, in no order.
 * @type {(world: World) => Fact}
 */
function tenantCreated(world) {
  let tenant = world.random.below(1_000);
  while (world.tenants.includes(tenant)) tenant += 1;
  world.tenants.push(tenant);
  return ['TenantCreated', { tenant, name: `tenant no. ${tenant}` }];
}

/** @type {(world: World) => Fact} */
function actorRegistered(world) {
  const { random } = world;
  const actor = newId(world, 'actor');
  remember(world.actors, 20, actor);
  const department = random.chance(0.3) ? { department: random.oneOf(['billing', 'a/b ~ tests']) } : {};
  const tenant = random.chance(0.6) ? { tenant: random.oneOf(world.tenants) } : {};
  const capabilities = CAPABILITIES.filter(() => random.chance(0.5));
  const heartbeatInterval = random.oneOf([15, 30, 60]);
  return ['ActorRegistered', { actor, identity: `host/${actor}`, capabilities, heartbeatInterval, ...department, ...tenant }];
}

/** @type {(world: World) => Fact[]} */
function actorDeregistered(world) {
  if (world.actors.length < 3) return [actorRegistered(world)];
  const actor = world.random.oneOf(world.actors);
  world.actors = world.actors.filter((other) => other !== actor);
  return [['ActorDeregistered', { actor }]];
}

/** @type {(world: World) => Fact[]} */
function roleAssigned({ random, actors, tenants }) {
  const role = random.oneOf(['operator', 'auditor', 'gatekeeper']);
  return [['RoleAssigned', { actor: random.oneOf(actors), role, tenant: random.oneOf(tenants) }]];
}

/** @type {(world: World) => Fact[]} */
function capabilityMoved(world) {
  const { random, grants, actors, tenants } = world;
  if (grants.length > 0 && random.chance(0.4)) {
    const grant = random.oneOf(grants);
    world.grants = grants.filter((other) => other !== grant);
    return [['CapabilityRevoked', grant]];
  }
  const granted = { actor: random.oneOf(actors), capability: random.oneOf(CAPABILITIES), tenant: random.oneOf(tenants) };
  remember(grants, TASKS_IN_MIND, granted);
  return [['CapabilityGranted', granted]];
}

/** @type {(world: World) => Fact} */
function ledgerEntry(world) {
  const { random } = world;
  const entry = newId(world, 'entry');
  const actor = random.chance(0.7) ? { actor: random.oneOf(world.actors) } : {};
  const payload = btoa(String(random.below(1e9)));
  return ['LedgerEntryAppended', { entry, tenant: random.oneOf(world.tenants), key: random.oneOf(['usage', 'credit']), ...actor, payload }];
}
