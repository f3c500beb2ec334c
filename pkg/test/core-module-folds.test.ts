/** Built-in folds through the plain module's ABI, as a host without this package calls it: numbers that were not handed out, damage, cuts. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { decode, encode } from 'snapfold';

interface Wasm {
  instantiate(bytes: Uint8Array, imports: object): Promise<{ instance: { exports: unknown } }>;
}
const { WebAssembly } = globalThis as unknown as { WebAssembly: Wasm };
const wasm = readFileSync(new URL('../wasm/snapfold-core.wasm', import.meta.url));

interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer };
  snapfold_alloc(length: number): number;
  snapfold_free(address: number): void;
  snapfold_fold_compile(address: number, length: number): bigint;
  snapfold_fold_drop(fold: number): void;
  snapfold_fold_start(fold: number, address: number, length: number): bigint;
  snapfold_fold_push(session: number, address: number, length: number, format: number): bigint;
  snapfold_fold_unsettled(session: number): number;
  snapfold_fold_finish(session: number): bigint;
  snapfold_fold_abandon(session: number): void;
}

type Said = { readonly status: number; readonly value: any };

class Host {
  readonly core: Exports;

  constructor(core: Exports) {
    this.core = core;
  }

  static async new(): Promise<Host> {
    return new Host((await WebAssembly.instantiate(wasm, {})).instance.exports as Exports);
  }

  read(packed: bigint): Said {
    const answer = BigInt.asUintN(64, packed);
    const bytes = new Uint8Array(this.core.memory.buffer, Number(answer >> 32n), Number(answer & 0xffff_ffffn)).slice();
    this.core.snapfold_free(Number(answer >> 32n));
    return { status: bytes[0] ?? -1, value: decode(bytes.subarray(1)) };
  }

  call(bytes: Uint8Array, operation: (address: number, length: number) => bigint): Said {
    const address = this.core.snapfold_alloc(bytes.length);
    new Uint8Array(this.core.memory.buffer, address, bytes.length).set(bytes);
    const said = this.read(operation(address, bytes.length));
    this.core.snapfold_free(address);
    return said;
  }

  compile(question: unknown): Said {
    return this.call(encode(question), (address, length) => this.core.snapfold_fold_compile(address, length));
  }

  start(fold: number, base: unknown = null): Said {
    return this.call(encode(base), (address, length) => this.core.snapfold_fold_start(fold, address, length));
  }

  push(session: number, bytes: Uint8Array, format = 0): Said {
    return this.call(bytes, (address, length) => this.core.snapfold_fold_push(session, address, length, format));
  }

  finish(session: number): Said {
    return this.read(this.core.snapfold_fold_finish(session));
  }
}

const counting = { kind: 'rules', spec: { initial: { n: 0 }, rules: { Counted: [{ add: '/n', value: 1 }] } } };
const counted = (position: number): string => `{"position":${position},"id":"e${position}","type":"Counted"}\n`;
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

test('a session folds lines, then a CBOR sequence, and says where it stands', async () => {
  const host = await Host.new();
  const { value: fold } = host.compile(counting);
  assert.deepEqual([fold.digest.length, decode(fold.initial)], [32, { n: 0 }]);
  const { value: session } = host.start(fold.id);
  assert.deepEqual(host.push(session, utf8(counted(1) + counted(2))), { status: 0, value: null });
  assert.equal(host.push(session, encode({ position: 3, id: 'e3', type: 'Counted' }), 1).status, 0);
  assert.equal(host.core.snapfold_fold_unsettled(session), 0);
  host.core.snapfold_fold_drop(fold.id); // its sessions go on
  assert.equal(host.push(session, encode([4, 'Counted', {}]), 2).status, 0);
  const { status, value } = host.finish(session);
  assert.deepEqual([status, decode(value.state), value.position, value.eventCount, value.pending], [0, { n: 4 }, 4, 4, []]);
});

test('a state and its place are taken up again', async () => {
  const host = await Host.new();
  const { value: fold } = host.compile(counting);
  const { value: session } = host.start(fold.id, { state: encode({ n: 7 }), position: 7, eventCount: 7, anchor: 'e7' });
  assert.equal(host.push(session, utf8(counted(9))).value.code, 'gap');
  assert.equal(host.push(session, utf8(counted(8))).status, 0);
  const { value } = host.finish(session);
  assert.deepEqual([decode(value.state), value.position, value.eventCount, value.anchor], [{ n: 8 }, 8, 8, 'e8']);
});

test('numbers that were not handed out, or have ended, get errors', async () => {
  const host = await Host.new();
  for (const number of [0, 1, 7, 0xffff_ffff]) {
    for (const said of [host.start(number), host.push(number, utf8(counted(1))), host.finish(number)]) {
      assert.deepEqual([said.status, said.value.code], [1, 'invalidOption']);
    }
    assert.equal(host.core.snapfold_fold_unsettled(number), 0);
    host.core.snapfold_fold_abandon(number);
    host.core.snapfold_fold_drop(number);
  }
  const { value: fold } = host.compile(counting);
  const { value: ended } = host.start(fold.id);
  host.finish(ended);
  assert.equal(host.finish(ended).status, 1, 'it has ended');
  const { value: abandoned } = host.start(fold.id);
  host.core.snapfold_fold_abandon(abandoned);
  assert.equal(host.push(abandoned, utf8(counted(1))).status, 1);
  host.core.snapfold_fold_drop(fold.id);
  assert.equal(host.start(fold.id).value.code, 'invalidOption');
});

test('what is no question is refused, and nothing is lost by it', async () => {
  const host = await Host.new();
  for (const question of [null, {}, { kind: 'rules' }, { kind: 'rules', spec: 1 }, { kind: 'other', spec: {} }, { ...counting, kind: 7 }]) {
    assert.equal(host.compile(question).status, 1);
  }
  const { value: fold } = host.compile(counting);
  for (const base of [1, {}, { state: 'text' }, { state: new Uint8Array([0xff]) }, { state: encode({}), position: -1 }]) {
    assert.equal(host.start(fold.id, base).status, 1, JSON.stringify(base));
  }
  const { value: session } = host.start(fold.id);
  assert.equal(host.push(session, utf8(counted(1))).status, 0);
  assert.equal(host.push(session, utf8(counted(2)), 3).value.code, 'invalidOption');
  for (const rows of [encode(1), encode([2, 'Counted']), encode([-1, 'Counted', {}]), encode([2, 5, {}]), encode([2, null, 7]), new Uint8Array([0x83, 2])]) {
    assert.equal(host.push(session, rows, 2).status, 1);
  }
  assert.deepEqual(decode(host.finish(session).value.state), { n: 1 });
});

test('every cut and every flipped bit of a batch gives an answer, and the events before it', async () => {
  const host = await Host.new();
  const { value: fold } = host.compile(counting);
  const lines = utf8(counted(1) + counted(2) + counted(3));
  const tried = (bytes: Uint8Array) => {
    const { value: session } = host.start(fold.id);
    const { status } = host.push(session, bytes);
    const { value } = host.finish(session);
    assert.equal((decode(value.state) as { n: number }).n, value.eventCount);
    return [status, value.eventCount];
  };
  const line = lines.indexOf(10) + 1;
  for (let end = 0; end <= lines.length; end += 1) {
    const [status, events] = tried(lines.subarray(0, end));
    const whole = Math.floor(end / line) + ((end + 1) % line === 0 ? 1 : 0);
    assert.deepEqual([status, events], [end % line === 0 || (end + 1) % line === 0 ? 0 : 1, whole], `cut at ${end}`);
  }
  for (let bit = 0; bit < lines.length * 8; bit += 1) {
    const damaged = lines.slice();
    damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    const [, events = 0] = tried(damaged);
    assert.ok(events <= 3);
  }
});
