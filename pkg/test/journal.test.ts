/** Journals of durable executions from JavaScript: behind a repository, and replayed. What becomes of events is tested in Rust. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defineSnapshots, everyEvents, memoryStore, never, type EventRow } from 'snapfold';
import { fold, journalFold, stepAt, type Steps } from 'snapfold/folds';

type JournalEvent = { readonly type: string; readonly data: Record<string, unknown> };

const activity = (id: string, what: string, more: object = {}): JournalEvent => ({
  type: `activity_${what}`,
  data: { command_id: id, module: 'billing', function: 'charge', arity: 1, ...more },
});

/** An activity that fails and is retried until its last attempt. */
function attempts(id: string, count: number): JournalEvent[] {
  const retries = Array.from({ length: count - 1 }, () => [activity(id, 'failed', { error: 'busy' }), activity(id, 'retry_scheduled')]);
  return [activity(id, 'scheduled'), ...retries.flat(), activity(id, 'completed', { payload: { paid: true } })];
}

const rowsOf = (events: readonly JournalEvent[]): EventRow<JournalEvent>[] =>
  events.map((event, index) => ({ position: index + 1, id: `e${index + 1}`, event }));

/** The same for the pure function. */
const linesOf = (rows: readonly EventRow<JournalEvent>[]) => rows.map(({ position, id, event }) => ({ position, id, ...event }));

const effect = (id: string): JournalEvent => ({ type: 'side_effect', data: { command_id: id, kind: 'uuid', payload: id } });

async function open(rows: readonly EventRow<JournalEvent>[], pageSize: number) {
  const store = memoryStore();
  const journals = defineSnapshots({ name: 'run', version: 1, fold: journalFold<JournalEvent>(), policy: everyEvents(1), pageSize });
  const read = (_: string, { from, limit }: { from: number; limit: number }) => rows.filter(({ position }) => Number(position) >= from).slice(0, limit);
  return { store, repo: await journals.open({ store, events: { read } }) };
}

test('a load does not depend on where pages end: every prefix is what the pure fold makes of it, retries included', async () => {
  const all = rowsOf([effect('a'), ...attempts('b', 3), effect('c'), ...attempts('d', 2)]);
  for (let end = 1; end <= all.length; end += 1) {
    const rows = all.slice(0, end);
    const { state, position, eventCount, pending } = fold(journalFold(), linesOf(rows));
    for (let pageSize = 1; pageSize <= rows.length; pageSize += 1) {
      const { repo } = await open(rows, pageSize);
      const handle = await repo.load('run-1');
      assert.deepEqual(
        [handle.state, handle.position, handle.eventCount, handle.pending],
        [state, position, eventCount, pending.length],
        `${end} events in pages of ${pageSize}`,
      );
    }
  }
});

test('a snapshot that is taken while a step is retried does not have that step, whatever the pages', async () => {
  const all = rowsOf([effect('a'), ...attempts('b', 2)]);
  const rows = all.slice(0, 4);
  const { repo } = await open(rows, 3);
  assert.equal((await repo.maybeSnapshot(await repo.load('run-1'))).status, 'taken');
  rows.push(...all.slice(4));
  const loaded = await repo.load('run-1');
  assert.deepEqual([loaded.source, loaded.restoredFrom, [...loaded.state.keys()], loaded.position], ['snapshot', 1, [1, 2], 5]);
});

test('a long journal whose pages are all retries is replayed', async () => {
  const rows = rowsOf([...attempts('a', 6_000), effect('b')]);
  const { repo } = await open(rows, 1_000);
  const handle = await repo.load('run-1');
  assert.deepEqual([...handle.state.values()].map(({ advanceBy }) => advanceBy), [12_000, 1]);
});

test('what waits is not in the state, and goes on when its end is there', async () => {
  const events = [effect('a'), activity('b', 'scheduled')];
  const rows = rowsOf(events);
  const { repo, store } = await open(rows, 1000);
  let handle = await repo.load('run-1');
  assert.deepEqual([handle.position, handle.eventCount, handle.pending], [1, 1, 1]);
  const outcome = await repo.maybeSnapshot(handle);
  assert.equal(outcome.status, 'taken');
  assert.equal((await store.list('', { limit: 10, signal: AbortSignal.timeout(1000) })).length, 1);
  assert.equal((await repo.maybeSnapshot(outcome.handle)).status, 'skipped', 'no complete steps since');
  const end = { position: 3, id: 'e3', event: activity('b', 'completed', { payload: 7 }) };
  rows.push(end);
  handle = repo.apply(outcome.handle, end);
  assert.deepEqual([handle.position, handle.eventCount, handle.pending], [3, 3, 0]);
  const loaded = await repo.load('run-1');
  assert.deepEqual([loaded.state, loaded.source, loaded.restoredFrom], [handle.state, 'snapshot', 1]);
});

test('what waits is what it was when it came, whatever the host makes of it later', async () => {
  const plain = (event: JournalEvent): unknown => event;
  const watched = (event: JournalEvent): unknown => new Proxy(event, {});
  const bytes = (event: JournalEvent): unknown => Buffer.from(JSON.stringify(event));
  for (const form of [plain, watched, bytes]) {
    const { repo } = await open([], 1000);
    const event = form(activity('b', 'scheduled'));
    const waiting = repo.apply(await repo.load('run-1'), { position: 1, event: event as JournalEvent });
    if (event instanceof Uint8Array) event.fill(0);
    else (event as JournalEvent).data['command_id'] = 'z';
    const end = { position: 2, event: activity('b', 'completed') };
    assert.equal(repo.apply(waiting, end).state.get(1)?.commandId, 'b');
  }
});

test('a snapshot that ends with a failure is not used once that is retried', async () => {
  const [scheduled, failed, retried, completed] = attempts('b', 2) as [JournalEvent, JournalEvent, JournalEvent, JournalEvent];
  const rows = rowsOf([effect('a'), scheduled, failed]);
  const { repo } = await open(rows, 1000);
  const handle = await repo.load('run-1');
  await repo.maybeSnapshot(handle);
  rows.push(...rowsOf([effect('a'), scheduled, failed, retried, completed]).slice(3));
  assert.throws(() => repo.apply(handle, rows.slice(3)), { code: 'invalidatesBase', position: 2 });
  const loaded = await repo.load('run-1');
  assert.deepEqual(loaded.rejected.map(({ code, position }) => [code, position]), [['invalidatesBase', 3]]);
  assert.deepEqual([loaded.source, loaded.state.get(2)?.advanceBy], ['replay', 4]);
});

test('a refresh in which all that was folded waits again is no empty log', async () => {
  const [scheduled, failed, retried] = attempts('b', 2) as [JournalEvent, JournalEvent, JournalEvent];
  const all = rowsOf([scheduled, failed, retried]);
  const rows = all.slice(0, 2);
  const { repo } = await open(rows, 1000);
  const handle = await repo.load('run-1');
  rows.push(...all.slice(2));
  const refreshed = await repo.refresh(handle);
  assert.deepEqual([refreshed.position, refreshed.pending, refreshed.state.size], [null, 3, 0]);
});

test('stepAt: the step, drift with both sides, beyond, and what was never patched', () => {
  const lines = linesOf(rowsOf([effect('a'), ...attempts('b', 2), effect('c')]));
  const steps: Steps = fold(journalFold(), lines).state;
  const charge = { kind: 'activity', commandId: 'b', shape: { arity: 1, function: 'charge', module: 'billing' } };
  assert.deepEqual(stepAt(steps, 2, charge), { status: 'step', result: { paid: true }, advanceBy: 4 }, 'the order of keys does not count');
  assert.deepEqual(stepAt(steps, 2n, charge).status, 'step');
  const other = { ...charge, commandId: 'z' };
  assert.deepEqual(stepAt(steps, 2, other), { status: 'drift', expected: other, found: { ...steps.get(2), position: 2 } });
  assert.deepEqual(stepAt(steps, 3, charge), { status: 'drift', expected: charge, found: undefined }, 'in the middle of a step');
  assert.deepEqual(stepAt(steps, 7, charge), { status: 'beyond' });
  assert.deepEqual(stepAt(new Map(), 1, charge), { status: 'beyond' });
  const patched = { kind: 'patched', commandId: 'p', shape: 'new-prices' };
  assert.deepEqual(stepAt(steps, 2, patched), { status: 'step', result: false, advanceBy: 0 });
  assert.deepEqual(stepAt(steps, 3, patched), { status: 'step', result: false, advanceBy: 0 });
});

test('stepAt: a cursor is a position', () => {
  const steps: Steps = fold(journalFold(), linesOf(rowsOf([effect('a')]))).state;
  for (const of of [steps, new Map() as Steps]) {
    for (const cursor of [NaN, -1, 1.5, undefined, 2n ** 64n]) {
      assert.throws(() => stepAt(of, cursor as number, { kind: 'side_effect', commandId: 'a', shape: 'uuid' }), { code: 'invalidPosition', path: 'cursor' });
    }
  }
});

test('stepAt: a failed step answers with its error', () => {
  const [scheduled, failed] = attempts('b', 2) as [JournalEvent, JournalEvent];
  const steps = fold(journalFold(), linesOf(rowsOf([scheduled, failed]))).state;
  const shape = { module: 'billing', function: 'charge', arity: 1 };
  assert.deepEqual(stepAt(steps, 1, { kind: 'activity', commandId: 'b', shape }), { status: 'step', error: 'busy', advanceBy: 2 });
});

test('stepAt: a cursor before ignored events moves on to the step behind them', () => {
  const ignoring = journalFold({ ignore: ['heartbeat'] });
  const events = [effect('a'), { type: 'heartbeat', data: {} }, { type: 'heartbeat', data: {} }, effect('c')];
  const steps = fold(ignoring, linesOf(rowsOf(events))).state;
  assert.deepEqual(stepAt(steps, 2, { kind: 'side_effect', commandId: 'c', shape: 'uuid' }), { status: 'step', result: 'c', advanceBy: 3 });
});

test('a journal is never snapshotted where the policy says never', async () => {
  const journals = defineSnapshots({ name: 'run', version: 1, fold: journalFold<JournalEvent>(), policy: never() });
  const repo = await journals.open({ store: memoryStore(), events: { read: () => [] } });
  assert.equal((await repo.maybeSnapshot(await repo.load('run-1'))).status, 'skipped');
});
