/** The plain module: no imports, a small ABI, the same verdicts, and error answers instead of traps. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { decode } from 'snapfold';
import { flipped } from './support/stores.js';

const wasm = readFileSync(new URL('../wasm/snapfold-core.wasm', import.meta.url));
const vectors = readFileSync(new URL('../../tests/vectors/frames.json', import.meta.url), 'utf8');
const golden = (JSON.parse(vectors) as { name: string; frameHex: string; payloadHex: string }[]).find(({ name }) => name === 'full');

/** The part of the global that these tests use; the compiler is told of no browser. */
interface Wasm {
  instantiate(bytes: Uint8Array, imports: object): Promise<{ instance: { exports: unknown } }>;
  compile(bytes: Uint8Array): Promise<object>;
  Module: { imports(module: object): object[]; exports(module: object): { name: string; kind: string }[] };
}
const { WebAssembly } = globalThis as unknown as { WebAssembly: Wasm };

interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer };
  snapfold_abi_version(): number;
  snapfold_alloc(length: number): number;
  snapfold_free(address: number): void;
  snapfold_open(address: number, length: number): bigint;
}

interface Answer {
  readonly status: number;
  readonly value: { readonly code?: string; readonly payload?: Uint8Array; readonly header?: { readonly streamId: string; readonly position: number } };
}

async function instance(): Promise<Exports> {
  const { instance } = await WebAssembly.instantiate(wasm, {});
  return instance.exports as Exports;
}

function give(core: Exports, bytes: Uint8Array): number {
  const address = core.snapfold_alloc(bytes.length);
  new Uint8Array(core.memory.buffer, address, bytes.length).set(bytes);
  return address;
}

/** Reads an answer and gives its buffer back. */
function answerOf(core: Exports, answer: bigint): Answer {
  const address = Number(BigInt.asUintN(64, answer) >> 32n);
  const length = Number(answer & 0xffff_ffffn);
  const [status = -1, ...value] = new Uint8Array(core.memory.buffer, address, length).slice();
  core.snapfold_free(address);
  return { status, value: decode(Uint8Array.from(value)) as Answer['value'] };
}

function opened(core: Exports, bytes: Uint8Array): Answer {
  const address = give(core, bytes);
  const answer = answerOf(core, core.snapfold_open(address, bytes.length));
  core.snapfold_free(address);
  return answer;
}

const frame = (): Uint8Array => {
  assert.ok(golden, 'tests/vectors/frames.json holds the frame named "full"');
  return new Uint8Array(Buffer.from(golden.frameHex, 'hex'));
};

test('it imports nothing and exports the ABI', async () => {
  const module = await WebAssembly.compile(wasm);
  assert.deepEqual(WebAssembly.Module.imports(module), []);
  const names = WebAssembly.Module.exports(module).map(({ name, kind }) => `${kind} ${name}`);
  for (const name of ['memory memory', 'function snapfold_abi_version', 'function snapfold_alloc', 'function snapfold_free', 'function snapfold_open']) {
    assert.ok(names.includes(name), name);
  }
  assert.equal((await instance()).snapfold_abi_version(), 1);
});

test('a golden frame opens with status 0, header and payload', async () => {
  const { status, value } = opened(await instance(), frame());
  assert.equal(status, 0);
  assert.equal(Buffer.from(value.payload ?? []).toString('hex'), golden?.payloadHex);
  assert.deepEqual([value.header?.streamId, value.header?.position], ['cart-42', 1_200]);
});

test('a byte that was changed anywhere gives status 1 and a verdict', async () => {
  const core = await instance();
  const whole = frame();
  for (let index = 0; index < whole.length; index += 1) {
    const { status, value } = opened(core, flipped(whole, index));
    assert.equal(status, 1);
    assert.ok(['corrupt', 'truncated', 'tooNew'].includes(value.code ?? ''), `byte ${index}: ${value.code}`);
  }
  assert.equal(opened(core, flipped(whole, whole.length - 1)).value.code, 'corrupt');
});

test('an address or a length that was not handed out gives an error answer, no trap', async () => {
  const core = await instance();
  const bytes = frame();
  const address = give(core, bytes);
  const wrong: [number, number][] = [
    [0, 0],
    [0, bytes.length],
    [address + 1, 1],
    [address - 1, 1],
    [address, bytes.length + 1],
    [address, 0xffff_ffff],
    [0xffff_ffff, 0xffff_ffff],
  ];
  for (const [at, length] of wrong) {
    const { status, value } = answerOf(core, core.snapfold_open(at, length));
    assert.deepEqual([status, value.code], [1, 'invalidOption'], `${at} ${length}`);
  }
  assert.equal(answerOf(core, core.snapfold_open(address, bytes.length)).status, 0);
  core.snapfold_free(address);
  assert.deepEqual(answerOf(core, core.snapfold_open(address, bytes.length)).value.code, 'invalidOption');
  core.snapfold_free(address);
  core.snapfold_free(12_345);
  assert.equal(opened(core, bytes).status, 0);
});

test('an empty buffer is a truncated frame', async () => {
  const core = await instance();
  assert.deepEqual(opened(core, new Uint8Array()).value.code, 'truncated');
});

test('memory that is given back is used again', async () => {
  const core = await instance();
  const bytes = frame();
  for (let round = 0; round < 100; round += 1) opened(core, bytes);
  const before = core.memory.buffer.byteLength;
  for (let round = 0; round < 20_000; round += 1) opened(core, bytes);
  assert.equal(core.memory.buffer.byteLength, before);
});

test('an allocation that does not fit answers 0, no trap', async () => {
  const core = await instance();
  assert.equal(core.snapfold_alloc(-1), 0); // 2^32 − 1 as an unsigned length
  assert.notEqual(core.snapfold_alloc(8), 0);
});
