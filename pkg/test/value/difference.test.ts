import assert from 'node:assert/strict';
import { test } from 'node:test';
import { firstDifference } from '../../dist/value/difference.js';
import { restored } from './bytes.js';

test('equal values have no difference', () => {
  const build = (): unknown => ({
    n: [NaN, -0, 1], d: [new Date(1), new Date(NaN)], m: new Map([[{ k: 1 }, new Set(['x'])]]), b: Float32Array.of(NaN, 1), u: undefined,
  });
  assert.equal(firstDifference(build(), build()), undefined);
});

test('the path leads to the first difference', () => {
  const cases: [unknown, unknown, string][] = [
    [1, 2, 'state'],
    [0, -0, 'state'],
    [1, 1n, 'state'],
    [null, undefined, 'state'],
    [{ a: { b: [1, 2] } }, { a: { b: [1, 3] } }, 'state.a.b[1]'],
    [[1], [1, 2], 'state[1]'],
    [[1, 2], [1], 'state[1]'],
    [[undefined], new Array(1), 'state[0]'],
    [[], {}, 'state'],
    [{ a: 1, b: 2 }, { b: 2, a: 1 }, 'state.b'],
    [{ a: 1 }, {}, 'state.a'],
    [{}, { 'a b': 1 }, 'state["a b"]'],
    [{ a: 1, c: 3 }, { a: 1, b: 2, c: 3 }, 'state.b'],
    [{ a: 1, b: 2, c: 3 }, { a: 1, c: 3 }, 'state.b'],
    [{ a: undefined }, {}, 'state.a'],
    [new Date(1), new Date(2), 'state'],
    [new Map([['k', [1]]]), new Map([['k', [2]]]), 'state.get("k")[0]'],
    [new Map([['a', 1], ['b', 2]]), new Map([['b', 2], ['a', 1]]), 'state.keys()[0]'],
    [new Map(), new Map([['a', 1]]), 'state.get("a")'],
    [new Map([[1, 1]]), new Map(), 'state.get(1)'],
    [new Set([1, 2]), new Set([2, 1]), 'state.values()[0]'],
    [new Set([{}]), new Set([{ a: 1 }]), 'state.values()[0].a'],
    [Uint8Array.of(1, 2), Uint8Array.of(1, 3), 'state[1]'],
    [Uint16Array.of(1, 2), Uint16Array.of(1, 258), 'state[1]'],
    [Uint8Array.of(1), Uint8Array.of(1, 2), 'state[1]'],
    [Uint8Array.of(1), Int8Array.of(1), 'state'],
    [Object.assign([1], { extra: 1 }), [1], 'state.extra'],
  ];
  for (const [a, b, path] of cases) assert.equal(firstDifference(a, b), path);
  assert.equal(firstDifference({ a: 1 }, { a: 2 }, 'restored'), 'restored.a');
});

test('it tells what a stored value does not keep', () => {
  assert.equal(firstDifference({ b: Buffer.from('x') }, restored({ b: Buffer.from('x') })), 'state.b');
  assert.equal(firstDifference({ b: Uint8Array.of(1).buffer }, restored({ b: Uint8Array.of(1).buffer })), 'state.b');
  assert.equal(firstDifference({ plain: Object.create(null) }, { plain: {} }), 'state.plain');
});

test('cycles end', () => {
  const cycle = (): unknown => {
    const object: Record<string, unknown> = {};
    object['self'] = object;
    return object;
  };
  assert.equal(firstDifference(cycle(), cycle()), undefined);
});
