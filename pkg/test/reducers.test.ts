/** What `evolve` may do and what not: purity, declared mutation, failures, and events that this code does not know. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defineSnapshots, everyEvents, memoryStore, whenEvent, type DefinitionOptions, type EventRow } from 'snapfold';
import { assertSkipped, taken } from './support/carts.js';
import { Log } from './support/log.js';
import { keysIn } from './support/stores.js';

interface List {
  items: { name: string }[];
  seen: Map<string, number>;
}

const base: DefinitionOptions<List, string, 'number'> = {
  name: 'list',
  version: 1,
  initialState: () => ({ items: [], seen: new Map() }),
  evolve: ({ items, seen }, name) => ({ items: [...items, { name }], seen }),
  policy: everyEvents(1),
};

async function listing(options: Partial<typeof base>, names: readonly string[] = []) {
  const log = new Log<string>({}, names);
  const store = memoryStore();
  const repo = await defineSnapshots<List, string>({ ...base, ...options }).open({ store, events: log, observe: () => {} });
  return { log, store, repo };
}

const MUTATIONS: Record<string, [(state: List, name: string) => List, string]> = {
  'a pushed item': [
    (state, name) => {
      state.items.push({ name });
      return state;
    },
    'state.items[0]',
  ],
  'a changed map behind a new object': [
    (state, name) => {
      state.seen.set(name, 1);
      return { ...state };
    },
    'state.seen.get("a")',
  ],
  'a removed member': [
    (state) => {
      delete (state as Partial<List>).seen;
      return state;
    },
    'state.seen',
  ],
};

for (const [what, [evolve, path]] of Object.entries(MUTATIONS)) {
  test(`in development, ${what} is found with its path`, async () => {
    const { repo } = await listing({ evolve, development: true }, ['a', 'b']);
    await assert.rejects(repo.load('l'), { code: 'mutated', path, position: 1, message: /mutable: true/ });
  });
}

test('outside development nobody looks', async () => {
  const [evolve] = MUTATIONS['a pushed item'] as [(state: List, name: string) => List, string];
  const { repo } = await listing({ evolve, development: false }, ['a', 'b']);
  assert.equal((await repo.load('l')).state.items.length, 2);
});

test('development is what NODE_ENV does not deny', async () => {
  const [evolve] = MUTATIONS['a pushed item'] as [(state: List, name: string) => List, string];
  const before = process.env['NODE_ENV'];
  try {
    process.env['NODE_ENV'] = 'production';
    assert.equal((await (await listing({ evolve }, ['a'])).repo.load('l')).position, 1);
    process.env['NODE_ENV'] = 'test';
    await assert.rejects((await listing({ evolve }, ['a'])).repo.load('l'), { code: 'mutated' });
  } finally {
    if (before === undefined) delete process.env['NODE_ENV'];
    else process.env['NODE_ENV'] = before;
  }
});

test('mutable: true spends the handle that was extended', async () => {
  const [evolve] = MUTATIONS['a pushed item'] as [(state: List, name: string) => List, string];
  const { repo, log } = await listing({ evolve, mutable: true, development: true }, ['a']);
  const old = await repo.load('l');
  const next = repo.apply(old, log.append('b'));
  assert.equal(next.state.items.length, 2);
  assert.throws(() => repo.apply(old, []), { code: 'spent' });
  await assert.rejects(repo.refresh(old), { code: 'spent' });
  await assert.rejects(repo.snapshot(old), { code: 'spent' });
  const outcome = await repo.maybeSnapshot(old);
  assert.equal(outcome.status === 'failed' && outcome.error.code, 'spent');
  assert.equal(taken(await repo.maybeSnapshot(next)).position, 2);
  const fresh = await repo.refresh(next);
  assert.throws(() => repo.apply(next, []), { code: 'spent' });
  assert.equal(fresh.position, 2);
});

test('mutable: true with rows that do not fit leaves the handle as it was', async () => {
  const [evolve] = MUTATIONS['a pushed item'] as [(state: List, name: string) => List, string];
  const { repo } = await listing({ evolve, mutable: true }, ['a']);
  const handle = await repo.load('l');
  const row = (position: number): EventRow<string> => ({ position, event: 'x' });
  assert.throws(() => repo.apply(handle, [row(2), row(4)]), { code: 'gap', position: 4 });
  assert.equal(handle.state.items.length, 1);
  assert.equal(repo.apply(handle, []).position, 1);
  assert.equal(repo.apply(handle, [row(2), row(3)]).state.items.length, 3);
});

test('a mutable definition’s evolve may return nothing', async () => {
  const { repo } = await listing({ mutable: true, evolve: ({ items }, name) => void items.push({ name }) }, ['a', 'b']);
  assert.equal((await repo.load('l')).state.items.length, 2);
});

const FAILURES: Record<string, (state: List) => List> = {
  throws: () => {
    throw new Error('no such item');
  },
  'returns undefined': () => undefined as never,
  'returns a promise': (state) => Promise.resolve(state) as never,
};

for (const [what, broken] of Object.entries(FAILURES)) {
  test(`an evolve that ${what}: evolveFailed at the position, the old handle intact`, async () => {
    const evolve = (state: List, name: string): List => (name === 'bad' ? broken(state) : base.evolve(state, name) as List);
    const { repo, log } = await listing({ evolve }, ['a']);
    const handle = await repo.load('l');
    const rows = log.append('b', 'bad', 'c');
    assert.throws(() => repo.apply(handle, rows), { code: 'evolveFailed', position: 3 });
    assert.deepEqual([handle.position, handle.state.items.length], [1, 1]);
    assert.equal(repo.apply(handle, rows.slice(0, 1)).position, 2);
    await assert.rejects(repo.load('l'), { code: 'evolveFailed', position: 3 });
    await assert.rejects(repo.refresh(handle), { code: 'evolveFailed', position: 3 });
    assert.equal(repo.apply(handle, rows.slice(0, 1)).position, 2);
  });
}

test('the cause of evolveFailed is what evolve threw', async () => {
  const cause = new Error('no such item');
  const { repo } = await listing({ evolve: () => { throw cause; } }, ['a']);
  await assert.rejects(repo.load('l'), { code: 'evolveFailed', cause, message: /no such item/ });
});

interface Typed {
  readonly type: string;
}

const counter = { name: 'counter', version: 1, initialState: () => ({ n: 0 }), evolve: ({ n }: { n: number }) => ({ n: n + 1 }), policy: everyEvents(1) };

test('a state that folded an unknown event is not snapshotted', async () => {
  const log = new Log<Typed>({}, [{ type: 'known' }]);
  const store = memoryStore();
  const repo = await defineSnapshots<{ n: number }, Typed>({ ...counter, knows: ['known'] }).open({ store, events: log });
  const before = taken(await repo.maybeSnapshot(await repo.load('c'))).handle;
  let handle = repo.apply(before, log.append({ type: 'brand new' }));
  assertSkipped(await repo.maybeSnapshot(handle), 'unknownEvent');
  assert.match((await repo.maybeSnapshot(handle)).reason, /"brand new"/);
  handle = repo.apply(handle, log.append({ type: 'known' }));
  assertSkipped(await repo.maybeSnapshot(handle), 'unknownEvent');
  await assert.rejects(repo.snapshot(handle), { code: 'unknownEvent', message: /brand new/ });
  assertSkipped(await repo.maybeSnapshot(await repo.load('c')), 'unknownEvent');
  assert.equal((await keysIn(store, 'counter/')).length, 1);
});

test('the type of an event: the row’s, then typeOf, then event.type', async () => {
  const closing = async (rows: EventRow<unknown>[], options: object = {}) => {
    const repo = await defineSnapshots<{ n: number }, unknown>({ ...counter, policy: whenEvent('closed'), ...options }).open({
      store: memoryStore(),
      events: { read: (_id, { from }) => rows.filter(({ position }) => Number(position) >= from) },
    });
    return (await repo.maybeSnapshot(await repo.load('c'))).status;
  };
  assert.equal(await closing([{ position: 1, event: { type: 'closed' } }]), 'taken');
  assert.equal(await closing([{ position: 1, event: { type: 'opened' }, type: 'closed' }]), 'taken');
  assert.equal(await closing([{ position: 1, event: { kind: 'closed' } }], { typeOf: ({ kind }: { kind: string }) => kind }), 'taken');
  assert.equal(await closing([{ position: 1, event: { type: 'opened' } }]), 'skipped');
  await assert.rejects(closing([{ position: 1, event: { kind: 'closed' } }]), { code: 'invalidEvent', position: 1, message: /typeOf/ });
  const broken = { typeOf: () => { throw new Error('boom'); } };
  await assert.rejects(closing([{ position: 1, event: {} }], broken), { code: 'invalidEvent', path: 'typeOf' });
});

test('the size of an event: the row’s, then sizeOf, then its encoded length', async () => {
  const { everyBytes } = await import('snapfold');
  const weighed = async (row: Partial<EventRow<unknown>>, threshold: number, options: object = {}) => {
    const repo = await defineSnapshots<{ n: number }, unknown>({ ...counter, policy: everyBytes(threshold), ...options }).open({
      store: memoryStore(),
      events: { read: (_id, { from }) => (from === 0 ? [{ position: 1, id: 'a', event: 'abc', ...row }] : []) },
    });
    return (await repo.maybeSnapshot(await repo.load('c'))).status;
  };
  assert.deepEqual([await weighed({}, 4), await weighed({}, 5)], ['taken', 'skipped']);
  assert.deepEqual([await weighed({ bytes: 9 }, 9), await weighed({ bytes: 9 }, 10)], ['taken', 'skipped']);
  const sizeOf = (): number => 7;
  assert.deepEqual([await weighed({}, 7, { sizeOf }), await weighed({}, 8, { sizeOf })], ['taken', 'skipped']);
  for (const bytes of [-1, NaN, 1.5, Infinity, '9' as never]) {
    await assert.rejects(weighed({ bytes }, 1), { code: 'invalidEvent', position: 1 });
  }
  await assert.rejects(weighed({ event: { f: () => {} } }, 1), { code: 'invalidEvent', position: 1, message: /sizeOf/ });
  const broken = { sizeOf: () => { throw new Error('boom'); } };
  await assert.rejects(weighed({}, 1, broken), { code: 'invalidEvent', path: 'sizeOf' });
});
