// @ts-check
/**
 * Three kinds of streams: what their state is, how events change it, and when a snapshot pays off.
 *
 * All are `mutable: true`: `evolve` changes the state that it is given and `apply` spends the old handle. Copying a Map of n files for
 * each of n events would be quadratic. For small states leave it out and return a new state instead.
 */
import { allOf, anyOf, defineSnapshots, everyBytes, everyEvents, tailRatio, whenEvent } from './snapfold.js';

/**
 * @typedef {{ type: 'added' | 'modified' | 'deleted' | 'renamed', path: string, from?: string, added: number | null,
 *   deleted: number | null, author: string, commit: string, at: string }} FileChange Line counts are null for binary files.
 * @typedef {{ changes: number, added: number, deleted: number, last: Date }} FileState
 * @typedef {{ files: Map<string, FileState>, authors: Map<string, number>, lines: { added: bigint, deleted: bigint } }} Files
 */

/** A folder, or the whole repository: the files that exist, and what became of them. */
export const files = defineSnapshots(
  /** @type {import('./snapfold.js').DefinitionOptions<Files, FileChange, 'number'>} */ ({
    name: 'files',
    version: 1,
    mutable: true,
    initialState: () => ({ files: new Map(), authors: new Map(), lines: { added: 0n, deleted: 0n } }),
    evolve: changeFile,
    // An occasion, and a tail that weighs a quarter of the last snapshot: a large state is not written again for a few events.
    policy: allOf(anyOf(whenEvent('renamed'), everyBytes('16KiB'), everyEvents(100)), tailRatio(0.25)),
    maxBytes: '64MiB', // SQLite takes it; the default suits stores with small values
  }),
);

/**
 * @param {Files} state
 * @param {FileChange} change
 */
function changeFile(state, { type, path, from, added, deleted, author, at }) {
  const before = state.files.get(type === 'renamed' && from !== undefined ? from : path);
  if (type === 'renamed' && from !== undefined) state.files.delete(from);
  if (type === 'deleted') {
    state.files.delete(path);
  } else {
    state.files.set(path, {
      changes: (before?.changes ?? 0) + 1,
      added: (before?.added ?? 0) + (added ?? 0),
      deleted: (before?.deleted ?? 0) + (deleted ?? 0),
      last: new Date(at),
    });
  }
  state.authors.set(author, (state.authors.get(author) ?? 0) + 1);
  state.lines.added += BigInt(added ?? 0);
  state.lines.deleted += BigInt(deleted ?? 0);
  return state;
}

/**
 * @typedef {{ type: 'placed', order: string, customer: number, cents: number, at: string }
 *   | { type: 'paid' | 'shipped' | 'delivered' | 'cancelled', order: string, at: string }
 *   | { type: 'booksClosed', month: string, at: string }} OrderEvent
 * @typedef {{ customer: number, cents: bigint, placed: Date, status: string }} OpenOrder
 * @typedef {{ open: Map<string, OpenOrder>, customers: Set<number>, revenue: bigint, delivered: number, cancelled: number,
 *   closed: Map<string, bigint> }} Shop
 */

/** A shop, or all of them: open orders, and the books of the months. What is delivered leaves the state, so that it stays small. */
export const shops = defineSnapshots(
  /** @type {import('./snapfold.js').DefinitionOptions<Shop, OrderEvent, 'number'>} */ ({
    name: 'shops',
    version: 1,
    mutable: true,
    initialState: () => ({ open: new Map(), customers: new Set(), revenue: 0n, delivered: 0, cancelled: 0, closed: new Map() }),
    evolve: changeOrder,
    policy: allOf(anyOf(whenEvent('booksClosed'), everyBytes('10KiB'), everyEvents(100)), tailRatio(0.25)),
  }),
);

/**
 * @param {Shop} state
 * @param {OrderEvent} event
 */
function changeOrder(state, event) {
  if (event.type === 'booksClosed') {
    state.closed.set(event.month, state.revenue);
    return state;
  }
  if (event.type === 'placed') {
    state.customers.add(event.customer);
    state.open.set(event.order, {
      customer: event.customer,
      cents: BigInt(event.cents),
      placed: new Date(event.at),
      status: 'placed',
    });
    return state;
  }
  const order = state.open.get(event.order);
  if (order === undefined) throw new Error(`order ${event.order} was ${event.type}, but it is not open`);
  order.status = event.type;
  if (event.type === 'paid') state.revenue += order.cents;
  if (event.type === 'delivered') state.delivered += 1;
  if (event.type === 'cancelled') state.cancelled += 1;
  if (event.type === 'delivered' || event.type === 'cancelled') state.open.delete(event.order);
  return state;
}

/**
 * @typedef {{ type: string, at?: string, data?: unknown }} AnyEvent
 * @typedef {{ count: number, last: Date | null, data: unknown }} Activity
 * @typedef {{ activities: Map<string, Activity>, people: Set<unknown>, first: Date | null, last: Date | null,
 *   amount: bigint | null }} Case
 */

/** A stream of any JSON-Lines log: how often each activity happened, when last, and what it said then; who took part; the amount. */
export const cases = defineSnapshots(
  /** @type {import('./snapfold.js').DefinitionOptions<Case, AnyEvent, 'number'>} */ ({
    name: 'cases',
    version: 1,
    mutable: true,
    initialState: () => ({ activities: new Map(), people: new Set(), first: null, last: null, amount: null }),
    evolve: changeCase,
    policy: allOf(anyOf(everyBytes('6KiB'), everyEvents(50)), tailRatio(0.25)),
    maxBytes: '64MiB',
  }),
);

/**
 * @param {Case} state
 * @param {AnyEvent} event
 */
function changeCase(state, { type, at, data }) {
  const { activity, by, amount } = /** @type {Record<string, unknown>} */ (data ?? {});
  const name = typeof activity === 'string' ? activity : type;
  const time = at === undefined ? null : new Date(at);
  state.activities.set(name, { count: (state.activities.get(name)?.count ?? 0) + 1, last: time, data: data ?? null });
  if (typeof by === 'string') state.people.add(by);
  if (Number.isSafeInteger(amount)) state.amount = BigInt(/** @type {number} */ (amount));
  state.first ??= time;
  state.last = time ?? state.last;
  return state;
}
