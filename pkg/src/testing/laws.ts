/** What a reducer has to keep for snapshots of it to be right, as checks for whatever test runner. */
import type { Definition } from '../definition.js';
import { describe, SnapshotError } from '../error.js';
import type { EventRow } from '../events.js';
import type { Handle } from '../handle.js';
import { exact } from '../head.js';
import { functionOption, knownOptions, positiveInteger } from '../options.js';
import type { Position } from '../position.js';
import { sameBytes } from '../value/bytes.js';
import { firstDifference } from '../value/difference.js';
import { encode } from '../value/encode.js';
import type { Check } from './check.js';
import { copied, digestOf, plainOf, rowsOf, Trial, type Sealed, type TrialEvents } from './trial.js';

/** What a check is about. */
export type Law =
  /** Every state can be snapshotted. */
  | 'encodable'
  /** From wherever a snapshot was taken, the states that follow are those of the full replay. */
  | 'cuts'
  /** States do not depend on how many events are folded at once. */
  | 'batches'
  /** Folding changes neither the state that is given nor an event. */
  | 'mutation'
  /** Folded again, the events give the same states. */
  | 'deterministic'
  /** An event that a log gives back is folded as the one that was appended. */
  | 'events';

export interface LawOptions<Event> {
  /** How many cuts are tried at most, evenly spread. Default 100. */
  readonly cuts?: number;
  /** What the log makes of an event, such as `(event) => JSON.parse(JSON.stringify(event))`. Default: `decode(encode(event))`. */
  readonly stored?: (event: Event) => Event;
}

/**
 * The laws of a definition, on the events of one stream. Give each check to your runner as a test of its own:
 * `for (const { name, run } of snapshotLaws(carts, events)) test(name, run)`. A check folds the events a few times and encodes the state after
 * each; `cuts` loads three times for each cut.
 */
export function snapshotLaws<State, Event, P extends Position>(
  definition: Definition<State, Event, P>,
  events: TrialEvents<Event>,
  options: LawOptions<Event> = {},
): Check<Law>[] {
  knownOptions('snapshotLaws', options, ['cuts', 'stored']);
  const { cuts = 100, stored } = options;
  positiveInteger('cuts', cuts);
  if (stored !== undefined) functionOption('stored', stored);
  const on: Subject<State, Event, P> = { definition, rows: rowsOf(events) };
  return [
    { name: 'every state can be snapshotted', rule: 'encodable', run: () => everyStateIsSealed(on) },
    { name: 'every cut, sealed and opened, equals the full replay', rule: 'cuts', run: () => everyCutGoesOn(on, cuts) },
    { name: 'batches of every size give one state', rule: 'batches', run: () => batchesDoNotMatter(on) },
    { name: 'evolve leaves the state that it is given as it was', rule: 'mutation', run: () => statesStay(on) },
    { name: 'evolve leaves events as they were', rule: 'mutation', run: () => eventsStay(on) },
    { name: 'folding twice gives the same states', rule: 'deterministic', run: () => foldedTwice(on) },
    { name: 'events survive their log', rule: 'events', run: () => eventsSurvive(on, stored) },
  ];
}

interface Subject<State, Event, P extends Position> {
  readonly definition: Definition<State, Event, P>;
  readonly rows: readonly EventRow<Event>[];
}

async function everyStateIsSealed<State, Event, P extends Position>({ definition, rows }: Subject<State, Event, P>): Promise<void> {
  const trial = await Trial.open(definition, rows);
  let handle = await trial.load(0);
  for (const [index, row] of rows.entries()) {
    handle = await trial.apply(handle, [copied(row)], index + 1);
    await trial.seal(handle).catch((cause: unknown) => {
      throw broken('unencodable', `the state cannot be snapshotted: ${describe(cause)}`, row, { cause });
    });
  }
}

async function everyCutGoesOn<State, Event, P extends Position>(on: Subject<State, Event, P>, cuts: number): Promise<void> {
  const { definition, rows } = on;
  const states = await statesOf(on);
  for (const cut of spread(rows.length, cuts)) {
    const snapshot = states[cut - 1];
    if (snapshot === undefined) continue;
    const row = rows[cut - 1] as EventRow<Event>;
    const trial = await Trial.open(definition, rows, { snapshot, pageRows: 1 });
    for (const count of new Set([cut, Math.min(cut + 1, rows.length), rows.length])) {
      const handle = await trial.load(count);
      const [rejection] = handle.rejected;
      const fair = rejection === undefined || rejection.code === 'invalidatesBase'; // which a built-in fold finds out itself
      if (!fair) throw broken(rejection.code, `the snapshot is not used: ${rejection.message}`, row);
      const found = await sealed(trial, handle);
      same(found, states[count - 1], `the snapshot of position ${row.position} goes on to another state than the full replay`, rows[count - 1]);
    }
  }
}

const BATCHES = [2, 3, 7, Infinity];

async function batchesDoNotMatter<State, Event, P extends Position>(on: Subject<State, Event, P>): Promise<void> {
  const { definition, rows } = on;
  const [wanted, last] = [(await statesOf(on)).at(-1), rows.at(-1)];
  for (const size of BATCHES) {
    const trial = await Trial.open(definition, rows, { pageRows: size });
    same(await sealed(trial, await trial.load(rows.length)), wanted, `pages of ${size} events give another state than single ones`, last);
    let handle = await trial.load(0);
    for (let at = 0; at < rows.length; at += size) handle = await trial.apply(handle, rows.slice(at, at + size).map(copied), at + size);
    same(await sealed(trial, handle), wanted, `batches of ${size} events give another state than single ones`, last);
  }
}

async function statesStay<State, Event, P extends Position>({ definition, rows }: Subject<State, Event, P>): Promise<void> {
  const trial = await Trial.open(definition, rows);
  let handle = await trial.load(0);
  for (const [index, row] of rows.entries()) {
    const before = await sealed(trial, handle);
    const next = await trial.apply(handle, [copied(row)], index + 1);
    if (await isSpent(trial, handle)) return; // `mutable: true`
    same(await sealed(trial, handle), before, 'evolve changed the state that it was given', row, 'mutated');
    handle = next;
  }
}

async function eventsStay<State, Event, P extends Position>({ definition, rows }: Subject<State, Event, P>): Promise<void> {
  const trial = await Trial.open(definition, rows);
  let handle = await trial.load(0);
  const given = rows.map(copied);
  const before = given.map(({ event }) => bytesOf(event));
  const stays = (row: EventRow<Event>, index: number, otherwise: string) => {
    const [was, is] = [before[index], bytesOf(row.event)];
    if (was !== undefined && (is === undefined || !sameBytes(was, is))) throw broken('mutated', otherwise, row);
  };
  for (const [index, row] of given.entries()) {
    handle = await trial.apply(handle, [row], index + 1);
    stays(row, index, 'evolve changed the event that it was given');
  }
  for (const [index, row] of given.entries()) stays(row, index, 'evolve changed the event later on, with a state that holds it');
}

async function foldedTwice<State, Event, P extends Position>(on: Subject<State, Event, P>): Promise<void> {
  const [first, second] = [await statesOf(on), await statesOf(on)];
  for (const [index, state] of first.entries()) same(second[index], state, 'folding twice gives two states', on.rows[index]);
}

async function eventsSurvive<State, Event, P extends Position>(
  { definition, rows }: Subject<State, Event, P>,
  stored: ((event: Event) => Event) | undefined,
): Promise<void> {
  for (const row of rows) {
    if (stored === undefined && bytesOf(row.event) === undefined) {
      throw broken('invalidEvent', 'the event is no data: a log could not give it back; say with `stored` what yours makes of it', row);
    }
  }
  const back = await statesOf({ definition, rows }, stored === undefined ? copied : (row) => ({ ...row, event: stored(row.event) }));
  const given = await statesOf({ definition, rows }, (row) => row); // last, for evolve might change them
  for (const [index, state] of given.entries()) same(back[index], state, 'the event that the log gives back is folded otherwise', rows[index]);
}

/** After each event, folded one by one; undefined where there is nothing to snapshot yet, or what cannot be. */
async function statesOf<State, Event, P extends Position>(
  { definition, rows }: Subject<State, Event, P>,
  given: (row: EventRow<Event>) => EventRow<Event> = copied,
): Promise<readonly (Sealed | undefined)[]> {
  const trial = await Trial.open(definition, rows);
  let handle = await trial.load(0);
  const states: (Sealed | undefined)[] = [];
  for (const [index, row] of rows.entries()) {
    handle = await trial.apply(handle, [given(row)], index + 1);
    states.push(await sealed(trial, handle, states.at(-1)));
  }
  return states;
}

/** Where nothing new was folded in, what was `before`. That a state cannot be sealed is another law's affair. */
async function sealed<State, Event, P extends Position>(
  trial: Trial<State, Event, P>,
  handle: Handle<State, P>,
  before?: Sealed,
): Promise<Sealed | undefined> {
  try {
    return (await trial.seal(handle)) ?? before;
  } catch (error) {
    if (SnapshotError.is(error) && error.code === 'mutated') throw error;
    return undefined;
  }
}

async function isSpent<State, Event, P extends Position>({ repository }: Trial<State, Event, P>, handle: Handle<State, P>): Promise<boolean> {
  try {
    repository.apply(handle, []);
    return false;
  } catch (error) {
    return SnapshotError.is(error) && error.code === 'spent';
  }
}

function same(
  found: Sealed | undefined,
  wanted: Sealed | undefined,
  otherwise: string,
  row: EventRow<unknown> | undefined,
  code: 'diverged' | 'mutated' = 'diverged',
): void {
  if (found === undefined || wanted === undefined || digestOf(found) === digestOf(wanted)) return;
  throw broken(code, otherwise, row, { path: firstDifference(plainOf(wanted), plainOf(found)) ?? 'state' });
}

function broken(
  code: SnapshotError['code'],
  message: string,
  row: EventRow<unknown> | undefined,
  place: { readonly path?: string; readonly cause?: unknown } = {},
): SnapshotError {
  return new SnapshotError(code, message, { ...place, ...(row === undefined ? {} : { position: exact('position', row.position) }) });
}

function bytesOf(event: unknown): Uint8Array | undefined {
  try {
    return encode(event, { thorough: true });
  } catch {
    return undefined;
  }
}

/** At most so many of the numbers from 1 to `last`, evenly spread, with both ends. */
function spread(last: number, most: number): number[] {
  if (last <= most) return Array.from({ length: last }, (_, index) => index + 1);
  return Array.from({ length: most }, (_, index) => 1 + Math.round((index * (last - 1)) / Math.max(1, most - 1)));
}
