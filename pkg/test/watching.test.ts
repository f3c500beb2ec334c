/** Long work: how far it is, and giving it up. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memoryStore, type LoadProgress, type ReadOptions } from 'snapfold';
import { maintain } from 'snapfold/maintenance';
import { assertState, events, folded, open, taken, type CartEvent } from './support/carts.js';
import { Log } from './support/log.js';
import { hanging } from './support/stores.js';

const STREAM = 'cart-42';

test('a load tells how far it is, page by page', async () => {
  const log = new Log<CartEvent>({}, events(25));
  const repo = await open({ store: memoryStore(), events: log }, { pageSize: 10 });
  const seen: LoadProgress[] = [];
  const cart = await repo.load(STREAM, { onProgress: (progress) => seen.push(progress) });
  const wanted: LoadProgress[] = [10, 20, 25].map((position) => ({ streamId: STREAM, position, replayed: position }));
  assert.deepEqual(seen, wanted);
  taken(await repo.snapshot(cart));
  log.append(...events(12));
  seen.length = 0;
  const longer = await repo.refresh(cart, { onProgress: (progress) => seen.push(progress) });
  assert.deepEqual(seen.map(({ position, replayed }) => [position, replayed]), [[34, 9], [37, 12]]); // the first page has the anchor
  assertState(longer.state, folded([...events(25), ...events(12)]));
  seen.length = 0;
  await maintain(repo).verify(STREAM, { onProgress: (progress) => seen.push(progress) });
  assert.deepEqual(seen.map(({ position }) => position), [34, 37, 10, 20, 30, 37]);
});

test('a load that is aborted rejects at once with the reason, and asks for nothing more', async () => {
  const log = new Log<CartEvent>({}, events(25));
  const { store } = hanging(memoryStore(), 'list');
  const reason = new Error('the user has left');
  for (const abort of ['before', 'in a page', 'in the store', 'in the log']) {
    const controller = new AbortController();
    const signals: (AbortSignal | undefined)[] = [];
    const source = {
      history: 'complete' as const,
      read(_: string, options: ReadOptions) {
        signals.push(options.signal);
        if (abort === 'in the log') {
          controller.abort(reason);
          return new Promise<never>(() => {});
        }
        return log.page(options);
      },
    };
    const repo = await open({ store: abort === 'in the store' ? store : memoryStore(), events: source }, { pageSize: 10 });
    if (abort === 'before') controller.abort(reason);
    if (abort === 'in the store') queueMicrotask(() => controller.abort(reason));
    const onProgress = () => {
      if (abort === 'in a page') controller.abort(reason);
    };
    await assert.rejects(repo.load(STREAM, { signal: controller.signal, onProgress }), reason, abort);
    const reads = { before: 0, 'in a page': 1, 'in the store': 0, 'in the log': 1 }[abort];
    assert.deepEqual(signals, Array(reads).fill(controller.signal), abort);
    assert.equal((await open({ store: memoryStore(), events: log }).then((fresh) => fresh.load(STREAM))).position, 25);
  }
});

test('a refresh and a verification can be given up too', async () => {
  const log = new Log<CartEvent>({}, events(25));
  const repo = await open({ store: memoryStore(), events: log }, { pageSize: 10 });
  const cart = await repo.load(STREAM);
  const signal = AbortSignal.abort(new Error('enough'));
  await assert.rejects(repo.refresh(cart, { signal }), /enough/);
  await assert.rejects(maintain(repo).verify(STREAM, { signal }), /enough/);
  assert.equal((await repo.refresh(cart)).position, 25);
});

test('a progress that throws ends the load with what it threw', async () => {
  const repo = await open({ store: memoryStore(), events: new Log<CartEvent>({}, events(3)) });
  const onProgress = () => {
    throw new Error('no screen');
  };
  await assert.rejects(repo.load(STREAM, { onProgress }), /no screen/);
});

test('options that make no sense are named', async () => {
  const repo = await open({ store: memoryStore(), events: new Log<CartEvent>({}, events(3)) });
  const cart = await repo.load(STREAM);
  const wrong = { onProgress: 1, signal: {} } as never;
  await assert.rejects(repo.load(STREAM, wrong), { code: 'invalidOption', path: 'load.onProgress' });
  await assert.rejects(repo.refresh(cart, { signal: 1 } as never), { code: 'invalidOption', path: 'refresh.signal' });
  await assert.rejects(repo.refresh(cart, { at: 3 } as never), { code: 'invalidOption' });
  await assert.rejects(maintain(repo).verify(STREAM, { at: 3 } as never), { code: 'invalidOption' });
});
