/** The checks for what a store may offer beyond the four functions. */
import type { SnapshotStore, StoreOp } from '../store.js';
import { ensure, rejection, sameBytes, sameKeys, sameSet } from './assertions.js';
import { META } from './store-basics.js';
import type { StoreCheck } from './store-conformance.js';
import { SLOT, snapshotKey } from './streams.js';

const [FIRST, SECOND, THIRD] = [3, 2, 1].map((position) => snapshotKey(SLOT, position)) as [string, string, string];

const put = (key: string, ...bytes: number[]): StoreOp => ({ op: 'put', key, bytes: Uint8Array.from(bytes), meta: META });

export const offerChecks: readonly StoreCheck[] = [
  {
    rule: 'putIfAbsent',
    name: 'putIfAbsent puts where nothing lies, and changes nothing where something does',
    async check({ store, list }) {
      const full = store as Required<SnapshotStore>;
      const created: unknown = await full.putIfAbsent(FIRST, Uint8Array.of(1, 2), META);
      ensure(created === true, 'putIfAbsent must give true where nothing lies', created);
      const again: unknown = await full.putIfAbsent(FIRST, Uint8Array.of(3));
      ensure(again === false, 'putIfAbsent must give false where something lies', again);
      sameBytes(await store.get(FIRST), Uint8Array.of(1, 2), 'what lay there before putIfAbsent');
      sameKeys(await list(SLOT, 9), [FIRST], 'the listing after putIfAbsent');
    },
  },
  {
    rule: 'putIfAbsent',
    name: 'of several putIfAbsent at once exactly one puts',
    async check({ store }) {
      const full = store as Required<SnapshotStore>;
      const puts = Array.from({ length: 16 }, async (_, index) => full.putIfAbsent(FIRST, new Uint8Array(100).fill(index), META));
      const winners = (await Promise.all(puts)).flatMap((won, index) => (won ? [index] : []));
      ensure(winners.length === 1, 'exactly one of 16 must put', winners.length);
      sameBytes(await store.get(FIRST), new Uint8Array(100).fill(winners[0] as number), 'what lies there');
    },
  },
  {
    rule: 'newest',
    name: 'newest is the first key of a listing, and its bytes',
    async check({ store }) {
      const full = store as Required<SnapshotStore>;
      const nothing = (await full.newest(SLOT)) ?? null;
      ensure(nothing === null, 'newest must give null or undefined where nothing lies', nothing);
      for (const [index, key] of [SECOND, FIRST, THIRD].entries()) await store.put(key, Uint8Array.of(index), META);
      const other = snapshotKey('cart/cart-5/s/v3/', 9);
      await store.put(other, Uint8Array.of(9), META);
      const prefixes = [SLOT, 'cart/cart-5/', 'cart/cart-6/', 'cart/'];
      const starts = [undefined, FIRST, SECOND, `${SECOND}-`, THIRD, `${THIRD}-`, 'cart/cart-3/', 'cart/cart-5/s/v3/'];
      for (const prefix of prefixes) {
        for (const start of starts) {
          const key = [FIRST, SECOND, THIRD, other].find((each) => each.startsWith(prefix) && each >= (start ?? ''));
          const found = (await full.newest(prefix, start === undefined ? {} : { start })) ?? undefined;
          const what = `newest of ${prefix} from ${start ?? 'the beginning'}`;
          ensure(found?.key === key, `${what} must be ${key ?? 'nothing'}`, found?.key ?? 'nothing');
          if (key !== undefined) sameBytes(found?.bytes, (await store.get(key)) as Uint8Array, what);
        }
      }
    },
  },
  {
    rule: 'transact',
    name: 'the steps of transact hold in order',
    async check({ store, list }) {
      const full = store as Required<SnapshotStore>;
      await store.put(THIRD, Uint8Array.of(9), META);
      await full.transact([]);
      await full.transact([put(FIRST, 1), put(SECOND, 2), { op: 'delete', keys: [THIRD, snapshotKey(SLOT, 99)] }]);
      sameSet(await list(SLOT, 9), [FIRST, SECOND], 'the keys after a transaction');
      await full.transact([put(THIRD, 3), { op: 'delete', keys: [THIRD, FIRST] }, put(FIRST, 4), put(FIRST, 5)]);
      sameSet(await list(SLOT, 9), [FIRST, SECOND], 'the keys after a transaction that names keys twice');
      sameBytes(await store.get(FIRST), Uint8Array.of(5), 'the last of two puts');
      sameBytes(await store.get(SECOND), Uint8Array.of(2), 'what no step names');
      await full.transact([{ op: 'put', key: THIRD, bytes: Uint8Array.of(6) }]);
      sameBytes(await store.get(THIRD), Uint8Array.of(6), 'a put without meta');
    },
  },
  {
    rule: 'transact',
    name: 'a transact that fails changes nothing',
    async check({ store, list }) {
      const full = store as Required<SnapshotStore>;
      await store.put(FIRST, Uint8Array.of(1), META);
      const steps = [put(SECOND, 2), { op: 'delete', keys: [FIRST] }, { op: 'break' } as unknown as StoreOp] as const;
      const error = await rejection(() => full.transact(steps));
      ensure(error !== undefined, 'transact must refuse a step that it does not know');
      sameKeys(await list(SLOT, 9), [FIRST], 'the keys after a transaction that failed');
      sameBytes(await store.get(FIRST), Uint8Array.of(1), 'what a transaction that failed was to delete');
    },
  },
  {
    rule: 'transact',
    name: 'others see a transaction whole or not at all',
    async check({ store, list }) {
      const full = store as Required<SnapshotStore>;
      await store.put(FIRST, Uint8Array.of(1), META);
      const swaps = Array.from({ length: 8 }, (_, index) => (index % 2 === 0 ? [FIRST, SECOND] : [SECOND, FIRST]) as [string, string]);
      const moving = (async () => {
        for (const [from, to] of swaps) await full.transact([{ op: 'delete', keys: [from] }, put(to, 1)]);
      })();
      const seen = await Promise.all(swaps.map(() => list(SLOT, 9)));
      await moving;
      for (const keys of seen) ensure(keys.length === 1, 'of two keys that change places by transactions, one must be seen', keys);
    },
  },
  {
    rule: 'signal',
    name: 'with an aborted signal nothing is done',
    async check({ store, list }) {
      await store.put(FIRST, Uint8Array.of(1), META);
      const signal = AbortSignal.abort(new Error('given up'));
      const operations: Record<string, () => unknown> = {
        list: () => store.list(SLOT, { limit: 9, signal }),
        get: () => store.get(FIRST, { signal }),
        put: () => store.put(SECOND, Uint8Array.of(2), META, { signal }),
        delete: () => store.delete([FIRST], { signal }),
        putIfAbsent: () => store.putIfAbsent?.(SECOND, Uint8Array.of(2), META, { signal }),
        newest: () => store.newest?.(SLOT, { signal }),
        transact: () => store.transact?.([put(SECOND, 2)], { signal }),
      };
      for (const [name, operation] of Object.entries(operations)) {
        if (typeof store[name as keyof SnapshotStore] !== 'function') continue;
        ensure((await rejection(operation)) !== undefined, `${name} must reject if the signal was aborted before`);
      }
      sameKeys(await list(SLOT, 9), [FIRST], 'the keys afterwards');
    },
  },
  {
    rule: 'signal',
    name: 'a signal that is aborted on the way leaves all or nothing, and the store usable',
    async check({ store }) {
      const bytes = new Uint8Array(100_000).fill(7);
      for (let round = 0; round < 8; round += 1) {
        const key = snapshotKey(SLOT, round);
        const controller = new AbortController();
        const putting = rejection(() => store.put(key, bytes, META, { signal: controller.signal }));
        for (let turn = 0; turn < round; turn += 1) await Promise.resolve();
        controller.abort(new Error('given up'));
        const error = await putting;
        const found = (await store.get(key)) ?? undefined;
        ensure(found !== undefined || error !== undefined, 'a put that does not reject must have put');
        if (found !== undefined) sameBytes(found, bytes, 'what was put before the signal');
      }
    },
  },
];
