/** The encoder of production remembers how objects began; the one of development remembers nothing. Both write the same. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decode } from '../../dist/value/decode.js';
import { encode } from '../../dist/value/encode.js';
import { Random } from '../support/edits.js';

test('law: the encoder of production writes what that of development writes, whatever it remembers', () => {
  const random = new Random(20_261_121);
  const shapes = Array.from({ length: 300 }, () => shape(random));
  for (let count = 0; count < 1_500; count++) {
    const state = straining(random, shapes, 0);
    const bytes = encode(state, { thorough: true });
    assert.equal(Buffer.compare(encode(state, { thorough: false }), bytes), 0, `state ${count}`);
    assert.equal(Buffer.compare(encode(decode(bytes), { thorough: false }), bytes), 0, `state ${count}, restored`);
  }
});

/** One of thousands of names: more than are remembered. */
function name(index: number): string {
  return (index % 5 === 0 ? 'ключ' : 'k'.repeat(1 + (index % 70))) + index.toString(36);
}

/** Names of a record; of one in ten about as many as a head of one byte can count. */
function shape(random: Random): string[] {
  const first = random.below(6_000);
  const length = random.below(10) === 0 ? 20 + random.below(25) : random.below(9);
  return [...new Set(Array.from({ length }, () => name(first + random.below(60))))];
}

function straining(random: Random, shapes: readonly string[][], depth: number): unknown {
  const list = <T>(length: number, item: () => T): T[] => Array.from({ length }, item);
  const inside = (): unknown => straining(random, shapes, depth + 1);
  switch (random.below(depth > 3 ? 4 : 9)) {
    case 0:
      return random.below(1_000_000) - 500_000;
    case 1:
      return random.below(1_000_000) / 7;
    case 2:
      return name(random.below(6_000));
    case 3:
      return 'x'.repeat(random.below(100));
    case 4:
      return list(random.below(6), inside);
    case 5:
      return new Map(list(random.below(4), () => [name(random.below(50)), inside()]));
    case 6:
      return Object.fromEntries(list(random.below(60), () => [String(random.below(1_000)), inside()]));
    default: {
      const few = shapes.slice(0, 20);
      return Object.fromEntries(random.of(random.below(5) > 0 ? few : shapes).map((key) => [key, inside()]));
    }
  }
}
