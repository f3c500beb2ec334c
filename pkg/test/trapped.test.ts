/** WebAssembly that stops, for whatever reason: a typed error, and a new instance for what comes next. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decide, everyEvents, init, memoryStore, open as openFrame, seal, SnapshotError, whenEvent, type HeaderInput } from 'snapfold';
import { fold, rulesFold, sessionFolding } from 'snapfold/folds';
import { diagnose } from 'snapfold/tools';
import { coreModule } from '../dist/core.js';
import { memory, plainModule } from '../dist/plain-module.js';
import { WasmModule } from '../dist/wasm-module.js';
import * as glue from '../wasm/snapfold.js';
import { assertState, events, folded, open, taken, type CartEvent } from './support/carts.js';
import { Log } from './support/log.js';

const BEYOND = 0xffff_0000;
const header: HeaderInput = { name: 'cart', version: 1, streamId: 'cart-42', position: 3, eventCount: 3 };

/** Reads where there is no memory. */
const stopCore = () => assert.throws(() => coreModule.run(() => glue.initSync(undefined as never).ask(0, BEYOND, 1_000)), { code: 'trapped' });
/** Its operations check what they are given; one that is not there throws as a trap does. */
const stopPlain = () => assert.throws(() => (plainModule as unknown as { none(): void }).none(), { code: 'trapped' });

test('the error is typed, names its cause, and the next call finds a new instance', () => {
  const { generation } = coreModule;
  try {
    coreModule.run(() => glue.initSync(undefined as never).ask(0, BEYOND, 1_000));
    assert.fail();
  } catch (error) {
    assert.ok(SnapshotError.is(error));
    assert.equal(error.code, 'trapped');
    assert.equal((error.cause as Error).name, 'RuntimeError');
  }
  assert.equal(coreModule.generation, Math.max(generation, 1) + 1);
  const frame = seal(header, { a: [1, 2n] });
  assert.deepEqual(openFrame(frame).state, { a: [1, 2n] });
});

test('memory that is used up is no end either', () => {
  const { memory } = glue.initSync(undefined as never);
  memory.grow(65_536 - memory.buffer.byteLength / 65_536);
  assert.throws(() => seal({ ...header, meta: { note: 'x'.repeat(20_000_000) } }, 1), { code: 'trapped' });
  assert.deepEqual(openFrame(seal(header, 1)).state, 1);
  assert.ok(glue.initSync(undefined as never).memory.buffer.byteLength < 10_000_000);
});

test('policies are compiled again, and words of a decision are still those of it', () => {
  const policies = [everyEvents(3), whenEvent('closed'), everyEvents(7)];
  const observation = { events: 5, eventTypes: ['closed'], streamId: 'a' };
  const before = policies.map((policy) => decide(policy, observation));
  const words = policies.map((policy) => decide(policy, observation).reason);
  stopCore();
  for (const policy of [...policies].reverse()) assert.equal(decide(policy, observation).take, decide(policy, observation).take);
  assert.deepEqual(before.map(({ reason }) => reason), words);
  assert.deepEqual(before.map(({ take }) => take), [true, true, false]);
});

test('a repository goes on', async () => {
  const log = new Log<CartEvent>({}, events(3));
  const repo = await open({ store: memoryStore(), events: log });
  taken(await repo.maybeSnapshot(await repo.load('cart-42')));
  stopCore();
  const cart = await repo.load('cart-42');
  assert.equal(cart.source, 'snapshot');
  stopCore();
  const outcome = await repo.maybeSnapshot(repo.apply(cart, log.append(...events(3, 4))));
  assertState(taken(outcome).handle.state, folded(events(6)));
});

const counting = () => rulesFold<{ n: number }, { type: string }>({ initial: { n: 0 }, rules: { Added: [{ add: '/n', value: 1 }] } });
const added = (count: number) => Array.from({ length: count }, (_, index) => JSON.stringify({ position: index + 1, id: `e${index}`, type: 'Added' })).join('\n');

test('folds are compiled again; what was under way says that it is gone', () => {
  const one = counting();
  const session = one.start(one.initial);
  stopPlain();
  const other = rulesFold({ initial: { n: [] }, rules: { Added: [{ append: '/n', value: 1 }] } }); // has the number that the first had
  assert.equal(fold(one, added(5)).state.n, 5);
  assert.deepEqual(fold(other, added(2)).state, { n: [1, 1] });
  assert.throws(() => session.push([{ position: 1, event: { type: 'Added' }, id: undefined, type: undefined, at: undefined, bytes: undefined }]), { code: 'trapped' });
  assert.throws(() => session.finish(), { code: 'trapped' });
  assert.equal(fold(one, added(70_000)).state.n, 70_000);
  assert.equal(diagnose(Uint8Array.of(1)), '1');
  assert.ok(memory().length < 20_000_000 && sessionFolding === one.folding);
});

test('what is not loaded says so, and a load that failed may be tried again', async () => {
  let works = false;
  const late = new WasmModule((module) => ({ module }));
  assert.throws(() => late.instance, { code: 'notReady' });
  assert.throws(() => late.run(() => 1), { code: 'notReady' });
  late.provide({ later: async () => (works ? { compiled: true } : Promise.reject(new Error('offline'))) });
  assert.throws(() => late.instance, { code: 'notReady' });
  await assert.rejects(init(), { code: 'notReady', message: /offline/ });
  works = true;
  await Promise.all([init(), init()]);
  assert.deepEqual(late.instance, { module: { compiled: true } });
  await init(); // nothing is left to do
  late.provide({ now: () => assert.fail() });
  assert.equal(late.generation, 1);
});
