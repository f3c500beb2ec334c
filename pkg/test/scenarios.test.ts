/** tests/scenarios: the same files that the Rust driver runs (tests/repository/scenarios.rs), which also writes them. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import {
  defineSnapshots,
  everyEvents,
  memoryStore,
  open as openFrame,
  seal,
  SnapshotError,
  type EventBounds,
  type EventRow,
  type EventSource,
  type Handle,
  type LoadOptions,
  type Outcome,
  type ReadOptions,
  type Repository,
  type SnapshotStore,
} from 'snapfold';
import { maintain, type Maintenance } from 'snapfold/maintenance';
import { keys } from 'snapfold/plans';
import { flipped, damage, intercepted } from './support/stores.js';
import { BoundedLog, Log } from './support/log.js';

const NAME = 'n';
const STREAM = 'a';

interface Given {
  version?: number;
  every?: number;
  keep?: number;
  maxBytes?: number;
  pageSize?: number;
  migrate?: number[];
  sequence?: 'sparse';
  firstPosition?: 0 | 1;
  bounds?: boolean;
  listing?: 'eventual';
  fence?: number;
  history?: 'complete' | 'pruned';
  onStoreError?: 'replay' | 'throw';
  maxReplay?: number;
}

type Step = Record<string, unknown>;

/** What a load or an invalidation is given. */
type Asked = LoadOptions & { from?: number };

interface Scenario {
  what: string;
  definition: Given;
  steps: Step[];
  expect: string[];
}

/** The state is the list of positions that were folded: nothing hides in it. */
type State = readonly number[];

class World {
  readonly happened: string[] = [];
  readonly #memory = memoryStore();
  readonly #log: Log<number>;
  readonly #store: SnapshotStore;
  #given: Given;
  #repository: Repository<State, number, number> | undefined;
  #handle: Handle<State, number> | undefined;
  #failing: readonly unknown[] = [];
  #vanished: string | undefined;

  constructor(given: Given) {
    this.#given = given;
    const options = { first: given.firstPosition ?? 1 };
    this.#log = given.bounds === true ? new BoundedLog<number>(options) : new Log<number>(options);
    const store = given.listing === undefined ? this.#memory : { ...this.#memory, listing: given.listing };
    this.#store = intercepted(store, (op, carryOut, [subject]) => {
      this.happened.push(`${op} ${String(op === 'delete' ? (subject as string[]).join(' ') : subject)}`);
      if (this.#failing.includes(op)) throw new Error(`${op} is out of order`);
      return op === 'get' && subject === this.#vanished ? undefined : carryOut();
    });
  }

  async step(name: string, given: unknown): Promise<void> {
    switch (name) {
      case 'append':
        for (let count = 0; count < (given as number); count += 1) this.#append();
        return;
      case 'appendAt':
      case 'insert':
        for (const at of [given].flat() as number[]) this.#log.insert(at, at);
        return;
      case 'truncate':
        return this.#log.truncate(given as number);
      case 'restoreTo':
        return this.#log.restoreTo(given as number);
      case 'damage':
        return this.#damage(given as { at: number; how: string });
      case 'vanishing':
        this.#vanished = this.#key(given as number);
        return;
      case 'failing':
        this.#failing = given as unknown[];
        return;
      case 'define':
        this.#given = { ...this.#given, ...(given as Given) };
        this.#repository = undefined;
        return;
      default:
        return this.#ask(name, given as Asked);
    }
  }

  async #ask(name: string, options: Asked): Promise<void> {
    this.#repository ??= await this.#open();
    try {
      this.happened.push(`${name}: ${await this.#answer(this.#repository, name, options)}`);
    } catch (error) {
      if (!SnapshotError.is(error)) throw error;
      this.happened.push(`${name}: ${error.code}`);
    }
  }

  async #answer(repository: Repository<State, number, number>, name: string, options: Asked): Promise<string> {
    if (name === 'load') return this.#told(await repository.load(STREAM, options));
    if (name in CARE) return CARE[name as keyof typeof CARE](maintain(repository), options);
    assert.ok(this.#handle, name);
    if (name === 'refresh') return this.#told(await repository.refresh(this.#handle));
    assert.ok(name === 'maybeSnapshot' || name === 'snapshot', name);
    const outcome = await repository[name](this.#handle);
    this.#handle = outcome.handle;
    return ended(outcome);
  }

  /** What a handle says; its state must be what the log says. */
  #told(handle: Handle<State, number>): string {
    this.#handle = handle;
    const { state, position, eventCount, source, restoredFrom, replayed, rejected } = handle;
    const expected = this.#log.rows.map((row) => Number(row.position)).filter((at) => position !== null && at <= position);
    assert.deepEqual(state.slice(state.length - expected.length), expected);
    assert.equal(state.length, eventCount);
    const through = position === null ? 'nothing' : `${eventCount} events through ${position}`;
    const from = { replay: 'replayed', snapshot: `from ${restoredFrom}`, migrated: `from ${restoredFrom} of version 1` }[source];
    return [`${through}, ${from}, folded ${replayed}`, ...rejected.map(({ position, code }) => `${position ?? 'the listing'} ${code}`)].join('; ');
  }

  #append(): void {
    const last = this.#log.rows.at(-1)?.position;
    this.#log.append(last === undefined ? (this.#given.firstPosition ?? 1) : Number(last) + 1);
  }

  #key(position: number): string {
    return keys.snapshot(NAME, STREAM, this.#given.version ?? 1, position);
  }

  #damage({ at, how }: { at: number; how: string }): Promise<void> {
    const changes: Record<string, (bytes: Uint8Array) => Uint8Array> = {
      flip: (bytes) => flipped(bytes, bytes.length - 1),
      cut: (bytes) => bytes.slice(0, -1),
      empty: () => new Uint8Array(),
      foreign: (bytes) => {
        const { header, state } = openFrame(bytes);
        return seal({ name: header.name, version: header.version, streamId: 'b', position: header.position, eventCount: header.eventCount }, state);
      },
    };
    return damage(this.#memory, this.#key(at), changes[how] as (bytes: Uint8Array) => Uint8Array);
  }

  #open(): Promise<Repository<State, number, number>> {
    const { version = 1, every = 6, keep = 2, maxBytes, pageSize, migrate = [], sequence, firstPosition, onStoreError, maxReplay } = this.#given;
    const definition = defineSnapshots<State, number>({
      name: NAME,
      version,
      initialState: () => [],
      evolve: (positions, position) => [...positions, position],
      policy: everyEvents(every),
      keep,
      migrate: Object.fromEntries(migrate.map((from) => [from, (state: unknown) => state])),
      ...(maxBytes === undefined ? {} : { maxBytes }),
      ...(pageSize === undefined ? {} : { pageSize }),
      ...(sequence === undefined ? {} : { sequence }),
      ...(firstPosition === undefined ? {} : { firstPosition }),
      ...(onStoreError === undefined ? {} : { onStoreError }),
      ...(maxReplay === undefined ? {} : { maxReplay }),
    });
    const { history, fence } = this.#given;
    const events = { ...tracedLog(this.#log, this.happened), ...(history === undefined ? {} : { history }) };
    return definition.open({ store: this.#store, events, observe: () => {}, ...(fence === undefined ? {} : { fence }) });
  }
}

/** A log that writes down what it is asked. */
function tracedLog(log: Log<number>, trace: string[]): EventSource<number> {
  const events: EventSource<number> = {
    read: (streamId: string, options: ReadOptions): EventRow<number>[] => {
      trace.push(`read from ${options.from ?? 0}, ${options.limit}`);
      return log.read(streamId, options) as EventRow<number>[];
    },
  };
  if (!(log instanceof BoundedLog)) return events;
  const bounds = (streamId: string, options: { through?: number }): EventBounds => {
    trace.push(`bounds through ${options.through ?? 'the end'}`);
    return log.bounds(streamId, options);
  };
  return { ...events, bounds: bounds as NonNullable<EventSource<number>['bounds']> };
}

/** Steps for which no handle is needed, and what they say. */
const CARE = {
  prune: async (care: Maintenance<number>) => {
    const { deleted, coveredBy } = await care.prune(STREAM);
    return coveredBy === null ? 'nothing covers' : `${coveredBy} covers, deleted ${listed(deleted)}`;
  },
  forget: async (care: Maintenance<number>) => {
    const { deleted, complete } = await care.forget(STREAM);
    return `${complete ? 'complete' : 'more may appear'}, deleted ${listed(deleted)}`;
  },
  revive: async (care: Maintenance<number>) => {
    await care.revive(STREAM);
    return 'done';
  },
  invalidate: async (care: Maintenance<number>, { from = 0 }: Asked) => `deleted ${listed(await care.invalidate(STREAM, { from }))}`,
};

function listed(deleted: readonly string[]): string {
  return deleted.join(' ') || 'nothing';
}

function ended(outcome: Outcome<State, number>): string {
  switch (outcome.status) {
    case 'taken':
      return 'taken';
    case 'skipped':
      return `skipped ${outcome.code}`;
    case 'failed':
      return `failed ${outcome.error.code}`;
  }
}

for (const file of ['loading', 'verdicts', 'history', 'saving', 'maintenance']) {
  const url = new URL(`../../tests/scenarios/${file}.json`, import.meta.url);
  for (const { what, definition, steps, expect } of JSON.parse(readFileSync(url, 'utf8')) as Scenario[]) {
    test(`${file}: ${what}`, async () => {
      const world = new World(definition);
      for (const step of steps) for (const [name, given] of Object.entries(step)) await world.step(name, given);
      assert.deepEqual(world.happened, expect);
    });
  }
}
