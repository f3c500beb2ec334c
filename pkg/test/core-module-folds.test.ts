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
  snapfold_fold_start(fold: number): bigint;
  snapfold_fold_resume(fold: number, address: number, length: number, state: number, own: number): bigint;
  snapfold_fold_push(session: number, address: number, length: number, format: number): bigint;
  snapfold_fold_finish(session: number): bigint;
  snapfold_fold_all(fold: number, address: number, length: number, format: number): bigint;
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

  read(packed: bigint, meaning: (bytes: Uint8Array) => unknown = decode): Said {
    const answer = BigInt.asUintN(64, packed);
    const [address, low] = [Number(answer >> 32n), Number(answer & 0xffff_ffffn)];
    if (address === 0) return { status: 0, value: low };
    const bytes = new Uint8Array(this.core.memory.buffer, address, low).slice();
    this.core.snapfold_free(address);
    const [status = -1] = bytes;
    return { status, value: status === 0 ? meaning(bytes.subarray(1)) : decode(bytes.subarray(1)) };
  }

  call(bytes: Uint8Array, operation: (address: number, length: number) => bigint, meaning?: (bytes: Uint8Array) => unknown): Said {
    const address = this.core.snapfold_alloc(bytes.length);
    new Uint8Array(this.core.memory.buffer, address, bytes.length).set(bytes);
    const said = this.read(operation(address, bytes.length), meaning);
    this.core.snapfold_free(address);
    return said;
  }

  compile(question: unknown): Said {
    return this.call(encode(question), (address, length) => this.core.snapfold_fold_compile(address, length));
  }

  start(fold: number): Said {
    return this.read(this.core.snapfold_fold_start(fold));
  }

  resume(fold: number, state: Uint8Array, place: Uint8Array = nothing, own = 0): Said {
    return this.call(Buffer.concat([state, place]), (address, length) => this.core.snapfold_fold_resume(fold, address, length, state.length, own));
  }

  push(session: number, bytes: Uint8Array, format = 0): Said {
    return this.call(bytes, (address, length) => this.core.snapfold_fold_push(session, address, length, format));
  }

  finish(session: number): Said {
    return this.read(this.core.snapfold_fold_finish(session), ending);
  }

  all(fold: number, bytes: Uint8Array, format = 0): Said {
    return this.call(bytes, (address, length) => this.core.snapfold_fold_all(fold, address, length, format), ending);
  }
}

/** What a fold ends with, see src/bindings/abi/folds.rs; without the status byte. */
function ending(bytes: Uint8Array): object {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const [kind = -1, hasPosition] = bytes;
  const waits = 26 + view.getUint32(18, true);
  const state = waits + view.getUint32(22, true);
  const anchor = bytes.slice(26, waits);
  const pending = [];
  for (let at = waits; at < state; at += 4 + view.getUint32(at, true)) pending.push(bytes.slice(at + 4, at + 4 + view.getUint32(at, true)));
  return {
    position: hasPosition === 0 ? null : Number(view.getBigUint64(2, true)),
    eventCount: Number(view.getBigUint64(10, true)),
    anchor: [null, new TextDecoder().decode(anchor), anchor][kind],
    pending,
    state: bytes.slice(state),
  };
}

const nothing = new Uint8Array();

const counting = { kind: 'rules', spec: { initial: { n: 0 }, rules: { Counted: [{ add: '/n', value: 1 }] } } };
const counted = (position: number): string => `{"position":${position},"id":"e${position}","type":"Counted"}\n`;
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

test('a session folds lines, then a CBOR sequence, and says where it stands', async () => {
  const host = await Host.new();
  const { value: fold } = host.compile(counting);
  assert.deepEqual([fold.digest.length, decode(fold.initial)], [32, { n: 0 }]);
  const { value: session } = host.start(fold.id);
  assert.deepEqual(host.push(session, utf8(counted(1) + counted(2))), { status: 0, value: 0 }, 'nothing is unsettled');
  assert.equal(host.push(session, encode({ position: 3, id: 'e3', type: 'Counted' }), 1).status, 0);
  host.core.snapfold_fold_drop(fold.id); // its sessions go on
  assert.equal(host.push(session, encode([4, 'Counted', {}]), 2).status, 0);
  const { status, value } = host.finish(session);
  assert.deepEqual([status, decode(value.state), value.position, value.eventCount, value.pending], [0, { n: 4 }, 4, 4, []]);
});

test('all events at once end as a session does, or with the error of the first that is refused', async () => {
  const host = await Host.new();
  const { value: fold } = host.compile(counting);
  const { value: journal } = host.compile({ kind: 'journal', spec: {} });
  const opener = { position: 1, type: 'timer_started', data: { command_id: 'c1', timer_id: 't' } };
  const sequence = Buffer.concat([encode({ position: 1, id: 'e1', type: 'Counted' }), encode({ position: 2, type: 'Counted' })]);
  const inputs: [number, Uint8Array, number][] = [
    [fold.id, nothing, 0],
    [fold.id, utf8(counted(1)), 0],
    [fold.id, utf8(counted(1) + ' { "position": 2, "type": "Counted" }'), 0],
    [fold.id, sequence, 1],
    [fold.id, encode([1, 'Counted', {}]), 2],
    [journal.id, utf8(JSON.stringify(opener)), 0],
    [journal.id, Buffer.concat([encode(opener), encode({ ...opener, position: 2 })]), 1],
    [fold.id, utf8(counted(1) + counted(3)), 0],
    [fold.id, utf8(counted(1) + '{'), 0],
    [fold.id, utf8(counted(1)), 3],
  ];
  const seen = { ended: 0, refused: 0, waiting: 0 };
  for (const [id, bytes, format] of inputs) {
    const { value: session } = host.start(id);
    const pushed = host.push(session, bytes, format);
    const finished = host.finish(session);
    const said = host.all(id, bytes, format);
    assert.deepEqual(said, pushed.status === 0 ? finished : pushed);
    seen[said.status === 0 ? 'ended' : 'refused'] += 1;
    seen.waiting += finished.value.pending.length;
  }
  assert.deepEqual(seen, { ended: 6, refused: 4, waiting: 2 });
});

test('sessions of a fold follow each other, stand beside each other, and know nothing of each other', async () => {
  const host = await Host.new();
  const { value: fold } = host.compile(counting);
  const written = [counted, (position: number) => JSON.stringify({ type: 'Counted', more: { x: [1, null] }, position }) + '\n'];
  const open: number[] = [];
  for (let round = 1; round <= 20; round += 1) {
    const line = written[round % 2] as (position: number) => string;
    const resumes = round % 3 === 0;
    const base = () => host.resume(fold.id, encode({ n: 5 }), encode({ position: 5, eventCount: 5 }), round % 2);
    const { value: session } = resumes ? base() : host.start(fold.id);
    const first = resumes ? 6 : 1;
    assert.equal(host.push(session, utf8(line(first) + line(first + 1))).status, 0);
    assert.equal(host.push(session, utf8(line(first))).value.code, 'outOfOrder');
    if (round % 4 === 0) host.core.snapfold_fold_abandon(session);
    else if (round % 5 === 0) open.push(session);
    else assert.deepEqual(decode(host.finish(session).value.state), { n: first + 1 });
    assert.equal(host.resume(fold.id, new Uint8Array([0x18])).status, 1);
    assert.deepEqual(decode(host.all(fold.id, utf8(line(1))).value.state), { n: 1 });
  }
  for (const session of open) assert.ok(host.finish(session).value.eventCount > 0);
});

test('a state and its place are taken up again', async () => {
  const host = await Host.new();
  const { value: fold } = host.compile(counting);
  const { value: session } = host.resume(fold.id, encode({ n: 7 }), encode({ position: 7, eventCount: 7, anchor: 'e7' }));
  assert.equal(host.push(session, utf8(counted(9))).value.code, 'gap');
  assert.equal(host.push(session, utf8(counted(8))).status, 0);
  const { value } = host.finish(session);
  assert.deepEqual([decode(value.state), value.position, value.eventCount, value.anchor], [{ n: 8 }, 8, 8, 'e8']);
});

test('numbers that were not handed out, or have ended, get errors', async () => {
  const host = await Host.new();
  for (const number of [0, 1, 7, 0xffff_ffff]) {
    for (const said of [host.start(number), host.resume(number, encode({})), host.push(number, utf8(counted(1))), host.finish(number), host.all(number, utf8(counted(1)))]) {
      assert.deepEqual([said.status, said.value.code], [1, 'invalidOption']);
    }
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
  for (const place of [1, null, 'text', { position: -1 }, { position: 1, anchor: 7 }, { position: 1, anchor: new Uint8Array(31) }]) {
    assert.equal(host.resume(fold.id, encode({}), encode(place)).status, 1, JSON.stringify(place));
  }
  assert.equal(host.resume(fold.id, new Uint8Array([0xff])).value.code, 'malformed');
  assert.equal(host.resume(fold.id, nothing, encode({})).value.code, 'malformed', 'no bytes are no state');
  assert.equal(host.read(host.core.snapfold_fold_resume(fold.id, 1, 1, 1, 0)).value.code, 'invalidOption', 'no buffer');
  const longer = host.call(encode({}), (address, length) => host.core.snapfold_fold_resume(fold.id, address, length, length + 1, 0));
  assert.deepEqual([longer.status, longer.value.path], [1, 'state']);
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
