/** The checks that every store passes. */
import type { SnapshotMeta } from '../store.js';
import { ensure, sameBytes, sameKeys, sameSet } from './assertions.js';
import type { StoreCheck, ConformanceOptions, Offer } from './store-conformance.js';
import { SLOT, snapshotKey, STREAMS } from './streams.js';

export const META: SnapshotMeta = {
  name: 'cart',
  version: 3,
  streamId: 'cart-4',
  position: 7,
  eventCount: 5,
  takenAt: 1_700_000_000_000,
  stateBytes: 9,
};

/** More keys than stores usually give in one page. */
const MANY = 130;

/** How much a check puts at most where a store states no limit, or a larger one. */
const LARGE = 1_000_000;

export function basicChecks(offers: readonly Offer[], reopen: ConformanceOptions['reopen']): StoreCheck[] {
  return [
    {
      rule: 'absence',
      name: 'what is not there reads as nothing, and can be deleted',
      async check({ store, list }) {
        const key = snapshotKey(SLOT, 1);
        const found = (await store.get(key)) ?? null;
        ensure(found === null, 'get of a key that is not there must give null or undefined', found);
        sameKeys(await list(SLOT, 9), [], 'the listing of an empty store');
        await store.delete([key]);
        await store.delete([]);
      },
    },
    {
      rule: 'bytes',
      name: 'bytes come back as they were put',
      async check({ store }) {
        const values = [new Uint8Array(), Uint8Array.of(0), Uint8Array.from({ length: 256 }, (_, byte) => byte)];
        for (const [index, bytes] of values.entries()) {
          await store.put(snapshotKey(SLOT, index), bytes, META);
          sameBytes(await store.get(snapshotKey(SLOT, index)), bytes, `a value of ${bytes.length} bytes`);
        }
        const part = Uint8Array.from({ length: 9 }, (_, index) => index).subarray(3, 6);
        await store.put(snapshotKey(SLOT, 9), part, META);
        sameBytes(await store.get(snapshotKey(SLOT, 9)), Uint8Array.of(3, 4, 5), 'a part of a larger array');
      },
    },
    {
      rule: 'copies',
      name: 'what is done with an array afterwards changes nothing',
      async check({ store }) {
        const key = snapshotKey(SLOT, 1);
        const bytes = Uint8Array.of(1, 2, 3);
        await store.put(key, bytes, META);
        bytes[0] = 9;
        const found = await store.get(key);
        sameBytes(found, Uint8Array.of(1, 2, 3), 'a value whose array was changed after the put');
        (found as Uint8Array)[0] = 9;
        sameBytes(await store.get(key), Uint8Array.of(1, 2, 3), 'a value whose array was changed after a get');
      },
    },
    {
      rule: 'meta',
      name: 'meta may be missing, and may hold anything of its types',
      async check({ store }) {
        const metas: (SnapshotMeta | undefined)[] = [
          undefined,
          { ...META, position: 2n ** 64n - 1n, version: 2 ** 32 - 1, eventCount: Number.MAX_SAFE_INTEGER, takenAt: null },
          { ...META, position: 0, eventCount: 0, takenAt: 0, stateBytes: 0, name: "it's \"a\" \\ cart", streamId: '🛒\0\n' },
          { ...META, streamId: 'a'.repeat(10_240), takenAt: -1 },
        ];
        for (const [index, meta] of metas.entries()) {
          await store.put(snapshotKey(SLOT, index), Uint8Array.of(index), meta);
          sameBytes(await store.get(snapshotKey(SLOT, index)), Uint8Array.of(index), `the value with meta number ${index}`);
        }
      },
    },
    {
      rule: 'replace',
      name: 'a put replaces what lies there',
      async check({ store, list }) {
        const key = snapshotKey(SLOT, 1);
        await store.put(key, Uint8Array.of(1, 2, 3), META);
        await store.put(key, Uint8Array.of(4), META);
        sameBytes(await store.get(key), Uint8Array.of(4), 'a value put over a longer one');
        await store.put(key, Uint8Array.of(5, 6), META);
        sameBytes(await store.get(key), Uint8Array.of(5, 6), 'a value put over a shorter one');
        sameKeys(await list(SLOT, 9), [key], 'the listing after three puts to one key');
      },
    },
    {
      rule: 'atomic',
      name: 'who reads while others write sees one value or another, whole',
      async check({ store }) {
        const key = snapshotKey(SLOT, 1);
        const value = (byte: number) => new Uint8Array(byte * 1_000).fill(byte);
        const bytes = Array.from({ length: 8 }, (_, index) => index + 1);
        await store.put(key, value(1), META);
        const writes = bytes.map(async (byte) => store.put(key, value(byte), META));
        const reads = bytes.map(async () => store.get(key));
        await Promise.all(writes);
        for (const found of [...(await Promise.all(reads)), await store.get(key)]) {
          ensure(found instanceof Uint8Array && found.length > 0, 'a value that is being replaced must be there', found);
          sameBytes(found, value(found[0] as number), 'a value read between writes');
        }
      },
    },
    {
      rule: 'keys',
      name: 'keys are told apart, whatever ids they are made of',
      async check({ store, list }) {
        for (const [index, [, prefix]] of STREAMS.entries()) await store.put(snapshotKey(prefix, index), Uint8Array.of(index), META);
        for (const [index, [id, prefix]] of STREAMS.entries()) {
          const stream = JSON.stringify(id.slice(0, 20));
          sameKeys(await list(prefix, 9), [snapshotKey(prefix, index)], `the listing of the stream ${stream}`);
          sameBytes(await store.get(snapshotKey(prefix, index)), Uint8Array.of(index), `the value of the stream ${stream}`);
        }
      },
    },
    {
      rule: 'order',
      name: 'listings ascend bytewise, whatever order the puts had',
      async check({ store, list }) {
        const prefixes = ['b', 'a-b', 'a', '~7e', 'a.b', '9', 'a_b', 'a~20', 'z', 'ab', '-', 'a0'].map((segment) => `cart/${segment}/s/v3/`);
        const keys = prefixes.flatMap((prefix) => [snapshotKey(prefix, 1), snapshotKey(prefix, 300)]);
        for (const key of keys) await store.put(key, Uint8Array.of(1), META);
        sameKeys(await list('cart/', 99), [...keys].sort(), 'a listing of many streams');
      },
    },
    {
      rule: 'prefix',
      name: 'a prefix is a beginning, and no pattern',
      async check({ store, list }) {
        const streams = ['cart/cart_4/', 'cart/cartx4/', 'cart/cart-4/', 'cart/cart-42/', 'cart-4/cart/', 'order/cart-4/'];
        const [underscore, x, four, fortyTwo, other, order] = streams.map((stream) => snapshotKey(`${stream}s/v3/`, 1)) as [
          string, string, string, string, string, string,
        ];
        const attempt = 'cart/cart-4/a/v3/0000000000000000';
        for (const key of [underscore, x, four, fortyTwo, other, order, attempt]) await store.put(key, Uint8Array.of(1), META);
        const wanted: [prefix: string, keys: string[]][] = [
          ['cart/cart_4/', [underscore]],
          ['cart/cart-4/', [four, attempt]],
          ['cart/cart-4/s/', [four]],
          ['cart/cart-4', [four, attempt, fortyTwo]],
          ['cart/', [underscore, x, four, fortyTwo, attempt]],
          ['cart', [underscore, x, four, fortyTwo, attempt, other]],
          ['', [underscore, x, four, fortyTwo, attempt, other, order]],
          ['d', []],
          [four, [four]],
          [`${four}0`, []],
        ];
        for (const [prefix, keys] of wanted) sameSet(await list(prefix, 99), keys, `the listing of ${JSON.stringify(prefix)}`);
      },
    },
    {
      rule: 'start',
      name: 'a listing starts at `start`, inclusive, whether that is there or not',
      async check({ store, list }) {
        const [three, two, one] = [3, 2, 1].map((position) => snapshotKey(SLOT, position)) as [string, string, string];
        const elsewhere = snapshotKey('cart/cart-5/s/v3/', 1);
        for (const key of [one, two, three, elsewhere]) await store.put(key, Uint8Array.of(1), META);
        const wanted: [start: string, keys: string[]][] = [
          [three, [three, two, one]],
          [two, [two, one]],
          [one, [one]],
          [`${two}-`, [one]],
          [`${one}-`, []],
          [snapshotKey(SLOT, 9), [three, two, one]],
          ['cart/cart-3/s/v3/', [three, two, one]],
          [elsewhere, []],
        ];
        for (const [start, keys] of wanted) sameSet(await list(SLOT, 99, start), keys, `the listing from ${start}`);
      },
    },
    {
      rule: 'limit',
      name: 'a listing has as many keys as were asked for, if there are so many',
      async check({ store, list }) {
        const keys = Array.from({ length: MANY }, (_, index) => snapshotKey(SLOT, MANY - index));
        for (const key of keys) await store.put(key, Uint8Array.of(1), META);
        for (const limit of [1, 2, 17, MANY - 1, MANY, MANY + 1]) {
          const found = await list(SLOT, limit);
          const first = keys.slice(0, limit);
          // More than `limit` is tolerated; less means that there are no more.
          sameSet(found.filter((key) => first.includes(key)), first, `the first ${limit} of ${MANY} keys`);
        }
        const from = `${snapshotKey(SLOT, 21)}-`;
        const found = await list(SLOT, 5, from);
        sameSet(found.slice(0, 5), keys.slice(MANY - 20, MANY - 15), `five keys from ${from}`);
      },
    },
    {
      rule: 'delete',
      name: 'a delete takes exactly the keys it names',
      async check({ store, list }) {
        const keys = [4, 3, 2, 1].map((position) => snapshotKey(SLOT, position)) as [string, string, string, string];
        const near = [snapshotKey('cart/cart-42/s/v3/', 4), 'cart/cart-4/a/v3/0000000000000000', keys[0].replace('v3', 'v30')];
        for (const key of [...keys, ...near]) await store.put(key, Uint8Array.of(1), META);
        await store.delete([keys[0], snapshotKey(SLOT, 99), keys[2], keys[0]]);
        sameSet(await list('', 99), [keys[1], keys[3], ...near], 'what is left');
        await store.delete(['cart/cart-4/s/v3/', 'cart/cart-4/s/v3', 'cart']);
        sameSet(await list('', 99), [keys[1], keys[3], ...near], 'what is left after the deletion of prefixes');
      },
    },
    {
      rule: 'size',
      name: 'values up to `maxValueBytes` are taken',
      async check({ store }) {
        const bytes = new Uint8Array(Math.min(store.maxValueBytes ?? LARGE, LARGE)).map((_, index) => index % 251);
        await store.put(snapshotKey(SLOT, 1), bytes, META);
        sameBytes(await store.get(snapshotKey(SLOT, 1)), bytes, 'a large value');
      },
    },
    {
      rule: 'offers',
      name: 'the store has what it is said to offer, and nothing besides',
      async check({ store }) {
        for (const method of ['putIfAbsent', 'newest', 'transact'] as const) {
          const has = typeof store[method] === 'function';
          ensure(has || !offers.includes(method), `the option \`offers\` names ${method}, and the store has no such method`);
          ensure(!has || offers.includes(method), `the store has ${method}: name it in the option \`offers\`, so that it is checked`);
        }
      },
    },
    ...(reopen === undefined ? [] : [durable]),
  ];
}

const durable: StoreCheck = {
  rule: 'durable',
  name: 'what was put is there after a restart, and what was deleted is not',
  async check(subject) {
    const [kept, gone] = [snapshotKey(SLOT, 2), snapshotKey(SLOT, 1)];
    await subject.store.put(kept, Uint8Array.of(1, 2, 3), META);
    await subject.store.put(gone, Uint8Array.of(4), META);
    await subject.store.delete([gone]);
    await subject.reopen();
    sameBytes(await subject.store.get(kept), Uint8Array.of(1, 2, 3), 'what was put before the restart');
    sameKeys(await subject.list(SLOT, 9), [kept], 'the listing after the restart');
  },
};
