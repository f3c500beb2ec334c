/** A process that dies before, after or in the middle of every operation of a save; then another one loads. The twin of tests/store/crashes.rs. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memoryStore, type SnapshotStore } from 'snapfold';
import { keys } from 'snapfold/plans';
import { assertState, events, folded, open, taken, type CartEvent } from './support/carts.js';
import { Log } from './support/log.js';
import { bytesAt, flipped, intercepted } from './support/stores.js';

const EVENTS = 9;
const at = (position: number) => keys.snapshot('cart', 'cart-42', 1, position);

type Crash = 'before' | 'after' | 'torn';

/** Dies at the operation of that number; `alive` tells whether it came to that. */
function dying(store: SnapshotStore, operation: number, crash: Crash): { store: SnapshotStore; alive: () => boolean } {
  let left = operation;
  const dies = intercepted(store, async (op, carryOut, args) => {
    left -= 1;
    if (left >= 0) return carryOut();
    if (left === -1 && crash === 'after') await carryOut();
    if (left === -1 && crash === 'torn') {
      if (op === 'put') await store.put(args[0] as string, (args[1] as Uint8Array).subarray(0, 100));
      if (op === 'delete') await store.delete((args[0] as string[]).slice(0, 1));
    }
    throw new Error('the process is dead');
  });
  return { store: dies, alive: () => left >= 0 };
}

test('whatever a process dies of, the next one has every event', async (t) => {
  const sound = new Map<number, Uint8Array>();
  for (const position of [3, 6, EVENTS]) {
    const store = memoryStore();
    const repo = await open({ store, events: new Log<CartEvent>({}, events(position)) });
    sound.set(position, await bytesAt(store, taken(await repo.snapshot(await repo.load('cart-42'))).key));
  }
  let crashes = 0;
  const [log, truth] = [new Log<CartEvent>({}, events(EVENTS)), folded(events(EVENTS))];
  for (const options of [{ keep: 1 }, { keep: 2 }, { keep: 1, readBack: false }]) {
    for (let initial = 0; initial < 27; initial += 1) {
      for (const crash of ['before', 'after', 'torn'] as const) {
        for (let operation = 0, alive = false; !alive; operation += 1) {
          const memory = memoryStore();
          for (const [index, [position, bytes]] of [...sound].entries()) {
            const state = Math.trunc(initial / 3 ** index) % 3;
            if (state > 0) await memory.put(at(position), state === 1 ? bytes : flipped(bytes, bytes.length - 1));
          }
          const host = dying(memory, operation, crash);
          const repo = await open({ store: host.store, events: log }, options);
          await repo.maybeSnapshot(await repo.load('cart-42'));
          const next = await open({ store: memory, events: log }, options);
          const handle = await next.load('cart-42');
          assertState(handle.state, truth);
          await next.snapshot(handle);
          const again = await next.load('cart-42');
          assertState(again.state, truth);
          assert.deepEqual([again.source, again.restoredFrom], ['snapshot', EVENTS]);
          alive = host.alive();
          crashes += Number(!alive);
        }
      }
    }
  }
  t.diagnostic(`${crashes} crashes`);
  assert.ok(crashes > 1_000, `${crashes} crashes`);
});
