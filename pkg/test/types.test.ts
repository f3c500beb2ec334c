/** What the compiler knows: states, events and positions are inferred, and wrong ones do not compile. Running it proves the rest. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type } from 'arktype';
import {
  anyOf,
  defineSnapshots,
  everyEvents,
  memoryStore,
  open,
  seal,
  whenState,
  type Definition,
  type EventRow,
  type Handle,
  type Outcome,
  type Policy,
  type Repository,
} from 'snapfold';
import * as v from 'valibot';
import { z } from 'zod';
import { sumFold, type Step, type Sum } from './support/folds.js';
import { Log } from './support/log.js';

/** Compiles only where both types are the same. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
function same<A, B>(..._proof: Same<A, B> extends true ? [] : [never]): void {}

interface State {
  readonly n: number;
}
interface Added {
  readonly add: number;
}

const base = { name: 'counter', version: 1, initialState: (): State => ({ n: 0 }), evolve: ({ n }: State, { add }: Added): State => ({ n: n + add }) };

test('numbers by default, bigint where it is said', async () => {
  const numbers = defineSnapshots(base);
  const bigs = defineSnapshots({ ...base, positions: 'bigint' });
  const stated = defineSnapshots({ ...base, positions: 'number' });
  same<typeof numbers, Definition<State, Added, number>>();
  same<typeof bigs, Definition<State, Added, bigint>>();
  same<typeof stated, Definition<State, Added, number>>();

  const small = await numbers.open({ store: memoryStore(), events: new Log<Added>() });
  const large = await bigs.open({ store: memoryStore(), events: { read: (_id, { from }) => (same<typeof from, bigint>(), []) } });
  same<typeof small, Repository<State, Added, number>>();
  same<typeof large, Repository<State, Added, bigint>>();

  const handle = await small.load('c');
  same<typeof handle, Handle<State, number>>();
  same<typeof handle.position, number | null>();
  same<Awaited<ReturnType<typeof large.load>>['position'], bigint | null>();
  assert.equal(handle.position, null);
});

test('state and events are those of a built-in fold', async () => {
  const plain = defineSnapshots({ name: 'sum', version: 1, fold: sumFold() });
  const bigs = defineSnapshots({ name: 'sum', version: 1, fold: sumFold(), positions: 'bigint' });
  same<typeof plain, Definition<Sum, Step, number>>();
  same<typeof bigs, Definition<Sum, Step, bigint>>();
  const handle = await (await plain.open({ store: memoryStore(), events: new Log<Step>() })).load('s');
  same<typeof handle.state, Sum>();
  same<typeof handle.pending, number>();
  assert.deepEqual(handle.state, { total: 0, steps: 0 });
  assert.throws(() => defineSnapshots({ ...base, fold: sumFold() }), { code: 'invalidOption' });
});

test('handles and outcomes carry the state’s type', async () => {
  const repo = await defineSnapshots(base).open({ store: memoryStore(), events: new Log<Added>() });
  const handle = repo.apply(await repo.load('c'), [{ add: 1 }], { through: 1 });
  same<typeof handle.state, State>();
  const outcome = await repo.maybeSnapshot(handle);
  same<typeof outcome, Outcome<State, number>>();
  same<typeof outcome.handle, Handle<State, number>>();
  if (outcome.status === 'taken') same<typeof outcome.position, number>();
  // @ts-expect-error only a skipped outcome has a code
  const code: unknown = outcome.code;
  assert.equal(code, 'notDue');
  assert.throws(() => {
    // @ts-expect-error a handle is not to be written to
    handle.position = 7;
  }, TypeError);
});

test('events of another type are refused by the compiler', async () => {
  const repo = await defineSnapshots(base).open({ store: memoryStore(), events: new Log<Added>() });
  const handle = await repo.load('c');
  // @ts-expect-error not an event of this definition
  repo.apply(handle, [{ position: 1, event: { subtract: 1 } }]);
  // @ts-expect-error rows need an event
  assert.throws(() => repo.apply(handle, [{ position: 1 }]), { code: 'invalidEvent' });
  // @ts-expect-error bare events need `through`
  assert.throws(() => repo.apply(handle, [{ add: 1 }]), { code: 'invalidEvent' });
  // @ts-expect-error a log of other events
  await defineSnapshots(base).open({ store: memoryStore(), events: new Log<string>() });
  const row: EventRow<Added> = { position: '1', event: { add: 1 }, id: 'a', at: new Date(0), bytes: 3 };
  assert.equal(repo.apply(handle, row).position, 1);
});

test('required options are required, and misspelt ones do not compile', () => {
  const { version: _version, ...unversioned } = base;
  // @ts-expect-error a version is required
  assert.throws(() => defineSnapshots(unversioned), { code: 'invalidOption', path: 'version' });
  // @ts-expect-error no such option
  assert.throws(() => defineSnapshots<State, Added>({ ...base, polcy: everyEvents(1) }), { code: 'invalidOption' });
  // @ts-expect-error no such kind of position
  assert.throws(() => defineSnapshots<State, Added>({ ...base, positions: 'string' }), { code: 'invalidOption' });
  // @ts-expect-error no such unit
  assert.throws(() => defineSnapshots<State, Added>({ ...base, maxBytes: '64 bytes' }), { code: 'invalidOption' });
  // @ts-expect-error seconds are not sizes
  assert.throws(() => defineSnapshots<State, Added>({ ...base, maxBytes: '5s' }), { code: 'invalidOption' });
  defineSnapshots<State, Added>({ ...base, maxBytes: '64KiB', snapshotTimeout: '250 ms', firstPosition: 0 });
});

test('predicates see the state, and policies of another state do not fit', () => {
  const large = whenState((state: State) => state.n > 10);
  same<typeof large, Policy<State>>();
  const mixed = anyOf<State>(large, everyEvents(5));
  same<typeof mixed, Policy<State>>();
  defineSnapshots<State, Added>({ ...base, policy: mixed });
  defineSnapshots<State, Added>({ ...base, policy: everyEvents(5) });
  assert.equal(mixed.predicates.length, 1);
});

test('migrations, toState and fromState take plain forms that the author types', () => {
  class Money {
    constructor(readonly cents: bigint) {}
  }
  defineSnapshots<Money, Added>({
    name: 'purse',
    version: 3,
    initialState: () => new Money(0n),
    evolve: (money, { add }) => new Money(money.cents + BigInt(add)),
    migrate: { 1: (state: { dollars: number }) => ({ cents: state.dollars * 100 }), 2: ({ cents }: { cents: number }) => ({ cents: BigInt(cents) }) },
    toState: (money) => ({ cents: money.cents }),
    fromState: ({ cents }: { cents: bigint }) => new Money(cents),
    validate: ({ cents }: { cents: bigint }) => cents >= 0n,
  });
});

test('validate takes a function or a schema, and nothing that only looks like one', () => {
  defineSnapshots({ ...base, validate: z.object({ n: z.number() }) });
  defineSnapshots({ ...base, validate: v.object({ n: v.number() }) });
  defineSnapshots({ ...base, validate: type({ n: 'number' }) });
  assert.throws(() => {
    // @ts-expect-error a schema of another version
    defineSnapshots({ ...base, validate: { '~standard': { version: 2, vendor: 'test', validate: () => ({}) } } });
  });
  assert.throws(() => {
    // @ts-expect-error a result has a list of issues
    defineSnapshots({ ...base, validate: { '~standard': { version: 1, validate: () => ({ issues: 'none' }) } }, version: 0 });
  });
});

test('the state of an opened frame has the type that the reader states', () => {
  const { state, header } = open<State>(seal({ name: 'c', version: 1, streamId: 's', position: 1, eventCount: 1 }, { n: 1 }));
  same<typeof state, State>();
  same<typeof header.position, number | bigint>();
  const unknown = open(seal({ name: 'c', version: 1, streamId: 's', position: 1n, eventCount: 1 }, 7)).state;
  same<typeof unknown, unknown>();
  assert.equal(state.n, 1);
});
