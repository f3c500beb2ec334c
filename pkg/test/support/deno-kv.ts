/** Runs in Deno: the suite over Deno KV, its limits, and what a restart leaves. Argument: a folder. Prints JSON. */
import { denoKvStore, type DenoKv } from 'snapfold/deno-kv';
import { checked, refusal } from './inside.js';

interface Runtime {
  readonly args: readonly string[];
  openKv(path: string): Promise<DenoKv & { close(): void }>;
}

const { Deno } = globalThis as unknown as { readonly Deno: Runtime };
const file = `${Deno.args[0] as string}/deno.sqlite`;

let made = 0;
let kv = await Deno.openKv(file);
let prefix = ['first'];
const makeStore = () => denoKvStore(kv, { prefix: (prefix = ['app', `s${++made}`]) });
const reopen = async () => {
  kv.close();
  return denoKvStore((kv = await Deno.openKv(file)), { prefix });
};
const said = await checked(makeStore, { offers: ['putIfAbsent', 'newest', 'transact', 'signal'], reopen });

const store = makeStore();
const most = store.maxValueBytes as number;
await store.put('a', new Uint8Array(most).fill(7));
const length = (await store.get('a'))?.length;
const refused = await refusal(() => store.put('a', new Uint8Array(most + 1)));
const puts = (count: number) => Array.from({ length: count }, (_, index) => ({ op: 'put' as const, key: `b${index}`, bytes: new Uint8Array(most) }));
await store.transact(puts(12));
const tooMuch = await refusal(() => store.transact(puts(13)));
await store.delete(Array.from({ length: 1_200 }, (_, index) => `b${index}`));
const left = await store.list('', { limit: 99 });
kv.close();
console.log(JSON.stringify({ ...said, most, length, refused, tooMuch, left }));
