/** Streams that are forgotten, and writers that do not know it yet: what tests/repository/forgetting.rs shows of the Rust driver. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memoryStore, type SnapshotStore } from 'snapfold';
import { immutable } from 'snapfold/immutable';
import { maintain } from 'snapfold/maintenance';
import { keys } from 'snapfold/plans';
import { assertSkipped, assertState, events, folded, open, taken, type CartEvent } from './support/carts.js';
import { Log } from './support/log.js';
import { bytesAt, failing, intercepted, keysIn, type Op } from './support/stores.js';

const STREAM = 'cart-42';
const TOMBSTONE = keys.tombstone('cart', STREAM);

const key = (position: number, version = 1) => keys.snapshot('cart', STREAM, version, position);

async function snapshotted(store: SnapshotStore = memoryStore()) {
  const log = new Log<CartEvent>({}, events(10));
  const repo = await open({ store, events: log });
  taken(await repo.snapshot(await repo.load(STREAM)));
  return { repo, store, log, care: maintain(repo) };
}

test('a forgotten stream is gone from every slot, and nobody brings it back', async () => {
  const { repo, store, log, care } = await snapshotted();
  const second = await open({ store, events: log }, { version: 2 });
  taken(await second.snapshot(await second.load(STREAM)));
  await store.put(keys.attempt('cart', STREAM, 1), new Uint8Array([1]));
  const sister = keys.snapshot('cart', 'cart-420', 1, 1);
  await store.put(sister, new Uint8Array([1]));
  let late = await repo.load(STREAM);
  const deleted = [keys.attempt('cart', STREAM, 1), key(10), key(10, 2)];
  assert.deepEqual(await care.forget(STREAM), { deleted, complete: true });
  assert.doesNotMatch(Buffer.from(await bytesAt(store, TOMBSTONE)).toString('latin1'), /cart/);
  // The log has the events still: they are loaded, and not snapshotted.
  for (const repository of [repo, second, repo]) {
    assertSkipped(await repo.snapshot(late), 'forgotten');
    assert.deepEqual(await keysIn(store, ''), [sister, TOMBSTONE]);
    late = await repository.load(STREAM);
    assert.equal(late.source, 'replay');
    assertState(late.state, folded(events(10)));
    late = await repo.load(STREAM);
  }
  assert.deepEqual(await care.forget(STREAM), { deleted: [], complete: true }); // twice is no error
  const { skipped, errors } = await care.rebuild([STREAM]);
  assert.deepEqual([skipped, errors.length], [1, 0]);
  await care.revive(STREAM);
  taken(await repo.maybeSnapshot(late)); // due at once
});

test('nothing is remembered of a forgotten stream, also not its encoded states', async () => {
  const log = new Log<CartEvent>({}, events(10));
  const store = memoryStore();
  const asked: string[] = [];
  const remembering = {
    remember: (options: Parameters<typeof immutable.remember>[0]) => {
      const states = immutable.remember(options);
      const { forget } = states;
      return Object.assign(states, { forget: (streamId: string) => (asked.push(streamId), forget.call(states, streamId)) });
    },
  };
  const repo = await open({ store, events: log }, { immutable: remembering });
  taken(await repo.snapshot(await repo.load(STREAM)));
  await maintain(repo).forget(STREAM);
  assert.deepEqual(asked, [STREAM]);
  await store.delete([TOMBSTONE]); // as another process revives it
  taken(await repo.maybeSnapshot(await repo.load(STREAM))); // a snapshot that was taken once counts no longer
});

test('long ids and many keys are forgotten too', async () => {
  const { store, care } = await snapshotted();
  for (const id of ['é'.repeat(48), 'x'.repeat(97), `${'x'.repeat(10_000)}y`, '/']) {
    const sister = keys.snapshot('cart', `${id}y`, 1, 1);
    await store.put(sister, new Uint8Array([1]));
    for (let position = 1; position <= 250; position += 1) await store.put(keys.snapshot('cart', id, 1, position), new Uint8Array([1]));
    const { deleted, complete } = await care.forget(id);
    assert.deepEqual([deleted.length, complete], [250, true]);
    assert.deepEqual(await keysIn(store, keys.stream('cart', id)), []);
    for (const there of [sister, keys.tombstone('cart', id)]) await bytesAt(store, there);
  }
});

test('what a lagging listing shows is forgotten, and more may appear', async () => {
  const { store, care } = await snapshotted({ ...memoryStore(), listing: 'eventual' });
  assert.deepEqual(await care.forget(STREAM), { deleted: [key(10)], complete: false });
  assert.deepEqual(await keysIn(store, ''), [TOMBSTONE]);
});

test('forgetting goes on where it was when the store works again', async () => {
  let ended = false;
  for (let operations = 0; !ended; operations += 1) {
    const { repo, store, log, care } = await snapshotted();
    const late = await repo.load(STREAM);
    for (let position = 100; position < 250; position += 1) await store.put(key(position), new Uint8Array([1])); // more than a page
    let left = operations;
    const dying = await open({ store: failing(store, () => (left -= 1) < 0), events: log });
    const failed = await maintain(dying).forget(STREAM).then(() => undefined, (error: { code: string }) => error);
    ended = failed === undefined;
    if (failed !== undefined) {
      assert.equal(failed.code, 'storeFailed');
      assert.equal((await store.get(TOMBSTONE)) != null, operations > 0);
      assertState((await repo.load(STREAM)).state, folded(events(10)));
      assert.equal((await care.forget(STREAM)).complete, true);
    }
    assert.deepEqual(await keysIn(store, ''), [TOMBSTONE], `after ${operations} operations`);
    assertSkipped(await repo.snapshot(late), 'forgotten');
    assert.ok(!ended || operations > 5);
  }
});

/** A store on which operations wait until it is their turn. */
function inTurns(store: SnapshotStore) {
  const waiting: (() => void)[] = [];
  const paced = intercepted(store, async (_op: Op, carryOut) => {
    await new Promise<void>((go) => waiting.push(go));
    return carryOut();
  });
  return { paced, waiting };
}

/** In every order of the operations of the two, also those of a save that leaves a marker. */
test('a save that meets a forgetter leaves nothing, in every order of their operations', async () => {
  const endings = new Set<string>();
  for (const [maxBytes, exclusive] of [[1_000_000, true], [1_000_000, false], [10, false]] as const) {
    for (let order = 0; order < 1 << 9; order += 1) {
      const memory = memoryStore();
      const store = exclusive ? memory : Object.assign(Object.create(memory) as SnapshotStore, { putIfAbsent: undefined });
      const { log } = await snapshotted(store);
      log.append(...events(10, 11));
      const [writing, forgetting] = [inTurns(store), inTurns(store)];
      const opened = (store: SnapshotStore) => open({ store, events: log }, { maxBytes, snapshotTimeout: 60_000 });
      const care = maintain(await opened(forgetting.paced));
      const writer = await opened(writing.paced);
      let running = 1;
      const loading = writer.load(STREAM).finally(() => (running -= 1));
      while (running > 0) await turn(writing.waiting);
      running = 2;
      const save = writer.maybeSnapshot(await loading).finally(() => (running -= 1));
      const forgotten = care.forget(STREAM).finally(() => (running -= 1));
      for (let bits = order; running > 0; bits >>= 1) {
        const [first, second] = (bits & 1) === 1 ? [writing, forgetting] : [forgetting, writing];
        await turn(first.waiting.length > 0 ? first.waiting : second.waiting);
      }
      assert.equal((await forgotten).complete, true);
      const outcome = await save;
      assert.deepEqual(await keysIn(memory, ''), [TOMBSTONE], `${order.toString(2)}: ${outcome.status}`);
      endings.add(outcome.status === 'taken' ? 'taken' : outcome.status === 'skipped' ? outcome.code : outcome.error.code);
    }
  }
  assert.deepEqual([...endings].sort(), ['absent', 'forgotten', 'taken', 'tooLarge']);
});

/** Lets the next operation go, and all that follows on it up to the next ones. */
async function turn(waiting: (() => void)[]): Promise<void> {
  waiting.shift()?.();
  await new Promise((done) => setImmediate(done));
}
