/** What encoder and decoder remember has fixed bounds, and they make no code. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { decode } from '../../dist/value/decode.js';
import { encode } from '../../dist/value/encode.js';

test('20 rounds of 8,000 small dictionaries, all keys unique, keep memory flat', () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  let id = 0;
  const dictionaries = (): unknown[] =>
    Array.from({ length: 8_000 }, () => Object.fromEntries(Array.from({ length: 3 + (id % 5) }, () => [`id-${(id++).toString(36)}`, id])));
  const heapAfter = (rounds: number): number => {
    for (let round = 0; round < rounds; round++) {
      for (const thorough of [false, true]) decode(encode(dictionaries(), { thorough }));
    }
    collect();
    return process.memoryUsage().heapUsed;
  };
  const early = heapAfter(5);
  const late = heapAfter(15);
  assert.ok(late - early < 2_000_000, `${early} bytes after 5 rounds, ${late} after 20`);
});

test('everything runs where code may not be made from text', () => {
  const script = `
    import { encode, decode, seal, open } from 'snapfold';
    import { lz4 } from 'snapfold/lz4';
    const state = { orders: Array.from({ length: 1000 }, (_, id) => ({ id, name: 'n' + id })), m: new Map([[1, 2n]]) };
    const header = { name: 'n', version: 1, streamId: 's', position: 1, eventCount: 1 };
    for (let i = 0; i < 50; i++) decode(encode(state));
    console.log(open(seal(header, state, { compression: lz4 })).state.orders.length);
    try { new Function('return 1')(); console.log('made'); } catch { console.log('refused'); }`;
  const flags = ['--disallow-code-generation-from-strings', '--input-type=module', '-e', script];
  const printed = execFileSync(process.execPath, flags, { cwd: new URL('../..', import.meta.url), encoding: 'utf8' });
  assert.equal(printed, '1000\nrefused\n');
});
