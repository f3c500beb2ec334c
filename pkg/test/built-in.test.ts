/** Definitions with a built-in fold: bytes in, bytes out, and rows that wait. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  defineSnapshots,
  everyBytes,
  everyEvents,
  inspect,
  memoryStore,
  open,
  whenEvent,
  whenState,
  type BuiltInFold,
  type EventRow,
  type FoldDefinitionOptions,
  type SnapshotStore,
} from 'snapfold';
import { keys } from 'snapfold/plans';
import { sumFold, type Step, type Sum } from './support/folds.js';

type Options = Partial<FoldDefinitionOptions<Sum, Step, 'number'>>;

function log(...events: Step[]) {
  const rows: EventRow<Step>[] = [];
  const append = (...more: Step[]): EventRow<Step>[] => {
    const added = more.map((event, index) => ({ position: rows.length + index + 1, id: `e${rows.length + index + 1}`, event }));
    rows.push(...added);
    return added;
  };
  append(...events);
  return {
    append,
    read: (_: string, { from, limit }: { from: number; limit: number }) => rows.filter(({ position }) => Number(position) >= from).slice(0, limit),
  };
}

const open1 = (fold: BuiltInFold<Sum, Step>, events: ReturnType<typeof log>, store: SnapshotStore = memoryStore(), options: Options = {}) =>
  defineSnapshots({ name: 'sum', version: 1, fold, policy: everyEvents(1), ...options }).open({ store, events, observe: () => {} });

const added = (amount: number): Step => ({ type: 'Added', amount });
const opened: Step = { type: 'Opened' };
const closed: Step = { type: 'Closed' };

test('one session runs over all pages of a load, and ends', async () => {
  const fold = sumFold();
  const repo = await open1(fold, log(added(1), added(2), added(3), added(4), added(5)), memoryStore(), { pageSize: 2 });
  const handle = await repo.load('s');
  assert.deepEqual(handle.state, { total: 15, steps: 5 });
  assert.deepEqual([handle.position, handle.eventCount, handle.replayed, handle.pending], [5, 5, 5, 0]);
  assert.deepEqual(fold.watched, { started: 1, finished: 1, pushed: [[1, 2], [3, 4], [5]] });
});

test('an empty stream is the initial state, and no session is begun', async () => {
  const fold = sumFold();
  const handle = await (await open1(fold, log())).load('s');
  assert.deepEqual([handle.state, handle.position, fold.watched.started], [{ total: 0, steps: 0 }, null, 0]);
});

test('a snapshot lies in the slot of the fold with its digest, and holds the bytes that the fold gave', async () => {
  const fold = sumFold();
  const [store, events] = [memoryStore(), log(added(1), added(2))];
  const repo = await open1(fold, events, store);
  const outcome = await repo.maybeSnapshot(await repo.load('s'));
  assert.ok(outcome.status === 'taken');
  assert.equal(outcome.key, keys.snapshot('sum', 's', fold.digest, 2));
  const frame = (await store.get(outcome.key, { signal: new AbortController().signal })) as Uint8Array;
  assert.deepEqual(inspect(frame).foldDigest, fold.digest);
  assert.throws(() => open(frame), { code: 'tooNew' });
  assert.throws(() => open(frame, { version: 1 }), { code: 'foreign' });
  assert.deepEqual(open(frame, { foldDigest: fold.digest }).state, { total: 3, steps: 2 });

  events.append(added(4));
  const restored = await repo.load('s');
  assert.deepEqual([restored.source, restored.restoredFrom, restored.replayed, restored.state.total], ['snapshot', 2, 1, 7]);
  assert.deepEqual(fold.watched.pushed.at(-1), [3]);
});

test('another fold has another slot, and does not take what is put there', async () => {
  const [store, events] = [memoryStore(), log(added(1))];
  const [one, other] = [sumFold(), sumFold({ name: 'other' })];
  const repo = await open1(one, events, store);
  await repo.snapshot(await repo.load('s'));
  const changed = await open1(other, events, store);
  assert.deepEqual((await changed.load('s')).rejected, []);
  const signal = new AbortController().signal;
  const frame = (await store.get(keys.snapshot('sum', 's', one.digest, 1), { signal })) as Uint8Array;
  await store.put(keys.snapshot('sum', 's', other.digest, 1), frame, undefined, { signal });
  const [rejection] = (await changed.load('s')).rejected;
  assert.equal(rejection?.code, 'foreign');
});

test('handles are values: apply leaves the one before as it is, in a session of its own', async () => {
  const fold = sumFold();
  const events = log(added(1));
  const repo = await open1(fold, events);
  const before = await repo.load('s');
  const after = repo.apply(before, events.append(added(10)));
  assert.deepEqual([before.state.total, after.state.total], [1, 11]);
  assert.equal(after.state, after.state, 'decoded once');
  assert.deepEqual([fold.watched.started, fold.watched.finished], [2, 2]);
});

test('an event that cannot be folded fails with its position, and the session ends all the same', async () => {
  const fold = sumFold();
  const events = log(added(1), added(2));
  const repo = await open1(fold, events);
  const handle = await repo.load('s');
  assert.throws(() => repo.apply(handle, events.append(added(NaN))), { code: 'outOfRange', position: 3 });
  assert.deepEqual([handle.position, handle.state.total], [2, 3]);
  await assert.rejects(repo.load('s'), { code: 'outOfRange', position: 3 });
  assert.equal(fold.watched.started, fold.watched.finished);
});

test('what a session throws that is no SnapshotError fails the fold', async () => {
  const fold: BuiltInFold<Sum, Step> = {
    ...sumFold(),
    start: () => ({
      push: () => {
        throw new TypeError('broken');
      },
      finish: () => {
        throw new TypeError('broken as well');
      },
    }),
  };
  await assert.rejects((await open1(fold, log(added(1)))).load('s'), { code: 'evolveFailed', message: /broken \(at fold\)/ });
});

test('order and gaps are judged before the fold sees a row', async () => {
  const fold = sumFold();
  const repo = await open1(fold, log(added(1)));
  const handle = await repo.load('s');
  const pushed = fold.watched.pushed.length;
  for (const [position, code] of [[3, 'gap'], [1, 'outOfOrder']] as const) {
    assert.throws(() => repo.apply(handle, { position, id: 'x', event: added(1) }), { code, position });
  }
  assert.equal(fold.watched.pushed.length, pushed);
});

test('rows that wait are no part of the state, and come first when more arrive', async () => {
  const fold = sumFold({ waits: true });
  const events = log(added(1), opened, added(2));
  const repo = await open1(fold, events);
  let handle = await repo.load('s');
  assert.deepEqual([handle.state.total, handle.position, handle.eventCount, handle.pending], [1, 1, 1, 2]);

  assert.throws(() => repo.apply(handle, { position: 2, id: 'e2', event: opened }), { code: 'outOfOrder' });
  handle = repo.apply(handle, events.append(added(4)));
  assert.deepEqual([handle.position, handle.pending, fold.watched.pushed.slice(-2)], [1, 3, [[2, 3], [4]]]);
  handle = repo.apply(handle, [closed], { through: 5 });
  assert.deepEqual([handle.state, handle.position, handle.eventCount, handle.pending], [{ total: 7, steps: 5 }, 5, 5, 0]);
});

test('a refresh and a load read again what waits, and agree', async () => {
  const fold = sumFold({ waits: true });
  const events = log(added(1), opened, added(2));
  const repo = await open1(fold, events);
  const waiting = await repo.load('s');
  const same = await repo.refresh(waiting);
  assert.deepEqual([same.position, same.pending, same.state], [1, 2, waiting.state]);
  events.append(closed, added(8), opened);
  const refreshed = await repo.refresh(waiting);
  const loaded = await repo.load('s');
  for (const handle of [refreshed, loaded]) {
    assert.deepEqual([handle.state, handle.position, handle.eventCount, handle.pending], [{ total: 11, steps: 5 }, 5, 5, 1]);
  }
});

test('a state of the past stands where its last step was complete', async () => {
  const fold = sumFold({ waits: true });
  const repo = await open1(fold, log(added(1), opened, added(2), closed, added(3)));
  const past = await repo.load('s', { at: 3 });
  assert.deepEqual([past.state.total, past.position, past.pending], [1, 1, 2]);
  await assert.rejects(repo.load('s', { at: 6 }), { code: 'beyondLog' });
});

test('rows that wait count for the policy, and a snapshot is taken only when a step was completed', async () => {
  const fold = sumFold({ waits: true });
  const events = log(added(1), opened, added(2));
  const repo = await open1(fold, events, memoryStore(), { policy: everyEvents(3) });
  let handle = await repo.load('s');
  const first = await repo.maybeSnapshot(handle);
  assert.ok(first.status === 'taken' && first.position === 1);
  handle = repo.apply(first.handle, events.append(added(4), added(5)));
  const second = await repo.maybeSnapshot(handle);
  assert.ok(second.status === 'skipped');
  assert.equal(second.code, 'alreadyCovered');
  const forced = await repo.snapshot(handle);
  assert.ok(forced.status === 'skipped' && forced.code === 'alreadyCovered');
  const third = await repo.maybeSnapshot(repo.apply(handle, events.append(closed)));
  assert.ok(third.status === 'taken' && third.position === 6);
});

test('types and sizes of rows that wait are known to the policy, also after a snapshot', async () => {
  for (const policy of [whenEvent('Opened'), everyBytes(1)]) {
    const fold = sumFold({ waits: true });
    const events = log(opened);
    const repo = await open1(fold, events, memoryStore(), { policy });
    let handle = await repo.load('s');
    assert.equal((await repo.maybeSnapshot(handle)).status, 'skipped');
    handle = repo.apply(handle, events.append(closed));
    const outcome = await repo.maybeSnapshot(handle);
    assert.ok(outcome.status === 'taken');
    const after = await repo.maybeSnapshot(outcome.handle);
    assert.ok(after.status === 'skipped' && after.code === 'notDue', 'what is folded in counts no more');
  }
});

test('a policy that looks at the state sees it decoded', async () => {
  const repo = await open1(sumFold(), log(added(5)), memoryStore(), { policy: whenState((sum: Sum) => sum.total === 5) });
  assert.equal((await repo.maybeSnapshot(await repo.load('s'))).status, 'taken');
});

test('validate judges the decoded state, when it is sealed and when it is opened', async () => {
  const [store, events] = [memoryStore(), log(added(5))];
  const strict = await open1(sumFold(), events, store, { validate: (sum: Sum) => sum.total !== 5 });
  const refused = await strict.maybeSnapshot(await strict.load('s'));
  assert.ok(refused.status === 'failed' && refused.error.code === 'invalid');
  const lenient = await open1(sumFold(), events, store);
  await lenient.snapshot(await lenient.load('s'));
  assert.equal((await strict.load('s')).rejected[0]?.code, 'invalid');
});

test('an event that changes what a snapshot holds sends the load below it, and a refresh to a load', async () => {
  for (const [undone, source, rejected] of [[5, 'snapshot', []], [3, 'snapshot', [4]], [2, 'replay', [4, 2]]] as const) {
    const events = log();
    const repo = await open1(sumFold(), events, memoryStore(), { keep: 9 });
    for (const amounts of [[1, 2], [3, 4]]) {
      events.append(...amounts.map(added));
      await repo.snapshot(await repo.load('s'));
    }
    const live = await repo.load('s');
    const tail = events.append(added(5), { type: 'Undone', position: undone });
    const loaded = await repo.load('s');
    assert.deepEqual([loaded.source, loaded.state], [source, { total: 15, steps: 6 }]);
    assert.deepEqual(loaded.rejected.map(({ position, code }) => [position, code]), rejected.map((position) => [position, 'invalidatesBase']));
    assert.deepEqual((await repo.refresh(live)).state, loaded.state);
    if (rejected.length > 0) assert.throws(() => repo.apply(live, tail), { code: 'invalidatesBase', position: undone });
  }
});

test('a long load is one session, and rows wait from page to page', async () => {
  const fold = sumFold({ waits: true });
  const events = log(...Array.from({ length: 9_999 }, () => added(1)), opened, ...Array.from({ length: 5 }, () => added(1)), closed);
  const repo = await open1(fold, events, memoryStore(), { pageSize: 1_000 });
  const handle = await repo.load('s');
  assert.deepEqual(handle.state, { total: 10_004, steps: 10_006 });
  assert.deepEqual([handle.position, handle.eventCount, handle.pending], [10_006, 10_006, 0]);
  assert.deepEqual([fold.watched.started, fold.watched.finished], [1, 1]);
});

test('what a definition with a built-in fold cannot have is named', async () => {
  const fold = sumFold();
  const wrong: [object, string][] = [
    [{ evolve: () => {} }, 'evolve'],
    [{ initialState: () => 1 }, 'initialState'],
    [{ mutable: false }, 'mutable'],
    [{ immutable: {} }, 'immutable'],
    [{ migrate: {} }, 'migrate'],
    [{ toState: () => 1 }, 'toState'],
    [{ fromState: () => 1 }, 'fromState'],
    [{ sequence: 'sparse' }, 'sequence'],
    [{ firstPosition: 0 }, 'firstPosition'],
    [{ fold: { ...fold, digest: new Uint8Array(31) } }, 'fold.digest'],
    [{ fold: { ...fold, start: undefined } }, 'fold.start'],
    [{ fold: { ...fold, folding: undefined } }, 'fold.folding.begin'],
  ];
  for (const [options, path] of wrong) {
    const given = { name: 'sum', version: 1, fold, ...options };
    assert.throws(() => defineSnapshots(given as never), { code: 'invalidOption', path }, path);
  }
  defineSnapshots({ name: 'sum', version: 1, fold, sequence: 'contiguous', firstPosition: 1 });
  const unreadable = defineSnapshots({ name: 'sum', version: 1, fold: { ...fold, initial: new Uint8Array([0xff]) } });
  await assert.rejects(unreadable.open({ store: memoryStore(), events: log() }), { code: 'malformed' });
});
