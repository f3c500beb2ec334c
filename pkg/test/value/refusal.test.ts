/** What cannot be encoded, and how the error leads there. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runInNewContext } from 'node:vm';
import { SnapshotError } from '../../dist/error.js';
import { encode } from '../../dist/value/encode.js';
import { encoded, nested } from './bytes.js';

function refusal(value: unknown, root?: string): SnapshotError {
  try {
    encode(value, root === undefined ? {} : { root });
  } catch (error) {
    assert.ok(SnapshotError.is(error));
    assert.equal(error.code, 'unencodable');
    return error;
  }
  return assert.fail('it was encoded');
}

class Money {
  constructor(readonly cents: number) {}
  toJSON(): number {
    return this.cents;
  }
}

test('the path leads to the culprit', () => {
  const f = (): void => {};
  const at = (value: unknown): string | undefined => refusal(value).path;
  assert.equal(at(f), 'state');
  assert.equal(at({ lines: [0, 1, 2, { price: f }] }), 'state.lines[3].price');
  assert.equal(at({ byId: { 'a b': f } }), 'state.byId["a b"]');
  assert.equal(at({ größe: { '0': f } }), 'state.größe["0"]');
  assert.equal(at({ lines: new Map([['k', { f }]]) }), 'state.lines.get("k").f');
  assert.equal(at(new Map<unknown, unknown>([[1, 1], [2n, f]])), 'state.get(2n)');
  assert.equal(at(new Map<unknown, unknown>([[1, 1], [{}, [f]]])), 'state.values()[1][0]');
  assert.equal(at(new Map([[1, 1], [[f], 1]] as [unknown, unknown][])), 'state.keys()[1][0]');
  assert.equal(at({ tags: new Set([1, f]) }), 'state.tags.values()[1]');
  assert.equal(at({ ['k'.repeat(1000)]: f }), `state.${'k'.repeat(40)}…`);
  assert.equal(refusal({ a: f }, 'event').path, 'event.a');
});

test('the message says what it is, what to do and where', () => {
  assert.equal(
    refusal({ lines: [{ price: () => 1 }] }).message,
    'cannot encode a function; keep data in the state and leave this out (at state.lines[0].price)',
  );
  assert.match(refusal({ price: new Money(1) }).message, /a Money; give the definition toState and fromState.*state\.price/);
});

test('a long path keeps its ends', () => {
  assert.equal(refusal(nested(30, Symbol('s'))).path, `state${'[0]'.repeat(8)}…${'[0]'.repeat(4)}`);
});

test('cycles end in an error', () => {
  const state: Record<string, unknown> = {};
  state['self'] = state;
  state['again'] = [state];
  assert.match(refusal(state).message, /more than 256 levels; this is a cycle, or nested too deep/);
  const map = new Map();
  map.set(map, map);
  assert.match(refusal(map).message, /more than 256 levels/);
});

test('things that are no data', () => {
  const things: [unknown, RegExp][] = [
    [Symbol('s'), /a symbol/],
    [Symbol.iterator, /a symbol/],
    [class A {}, /a function/],
    [new Money(1), /a Money/],
    [new (class extends Map {})(), /toState/],
    [new (class List extends Array {})(), /a List; .*toState/],
    [new (class Bytes extends Uint8Array {})(), /a Bytes; .*toState/],
    [Object.create({ a: 1 }), /toState/],
    [new Number(1), /use the primitive/],
    [new String('a'), /use the primitive/],
    [new Boolean(true), /use the primitive/],
    [Object(1n), /use the primitive/],
    [Object(Symbol()), /leave it out/],
    [new Error('e'), /an Error/],
    [/x/, /a RegExp/],
    [new WeakMap(), /a WeakMap/],
    [Promise.resolve(), /await it first/],
    [new DataView(new ArrayBuffer(1)), /use a Uint8Array/],
    [new SharedArrayBuffer(1), /copy it/],
    [new Uint8Array(new SharedArrayBuffer(1)), /copy it/],
    [Object.create(Map.prototype), /reading it failed/],
    [Object.create(Date.prototype), /reading it failed/],
  ];
  for (const [thing, message] of things) {
    assert.match(refusal({ thing }).message, message);
    assert.equal(refusal({ thing }).path, 'state.thing');
  }
});

test('an object without a prototype would have one after a restore', () => {
  const table = Object.assign(Object.create(null) as object, { a: 1 });
  assert.match(refusal({ table }).message, /without a prototype: .*use \{ \.\.\.x \} or a Map \(at state\.table\)$/);
  assert.throws(() => encode({ table }, { thorough: false }), { code: 'unencodable', path: 'state.table' });
  assert.equal(encoded({ ...table }), 'a1616101');
});

test('properties that are more than data', () => {
  let called = 0;
  const accessor = { get total(): number { return ++called; } };
  assert.match(refusal({ accessor }).message, /an accessor.*state\.accessor\.total/);
  assert.match(refusal({ set total(_: number) {} }).message, /an accessor/);
  assert.equal(called, 0);
  assert.match(refusal({ a: { [Symbol('mark')]: 1 } }).message, /symbol, Symbol\(mark\).*state\.a/);
  assert.match(refusal(Object.defineProperty({}, 'hidden', { value: 1 })).message, /not enumerable/);
  assert.match(refusal((function (..._: unknown[]) { return arguments; })(1)).message, /not enumerable|symbol/);
  assert.match(refusal({ 'a\ud800': 1 }).message, /a key with a lone surrogate.*state\["a\\ud800"\]/);
  assert.match(refusal({ ['é'.repeat(100) + '\udc00']: 1 }).message, /a key with a lone surrogate/);
});

test('arrays are dense and have no names', () => {
  const at = (value: unknown): [string, string | undefined] => [refusal(value).message, refusal(value).path];
  assert.match(...check(at([1, , 3]), 'state[1]', /a hole/));
  assert.match(...check(at(new Array(3)), 'state[0]', /a hole/));
  assert.match(...check(at(new Array(2 ** 32 - 1)), 'state[0]', /a hole/));
  assert.match(...check(at(Object.assign([1, , 3], { a: 1 })), 'state[1]', /a hole/));
  assert.match(...check(at('ab'.match(/b/)), 'state.index', /a named property/));
  assert.match(...check(at(Object.assign([1], { total: 1 })), 'state.total', /a named property/));
  assert.match(...check(at(Object.assign([1], { [Symbol('s')]: 1 })), 'state', /a symbol/));

  function check([message, path]: [string, string | undefined], expected: string, words: RegExp): [string, RegExp] {
    assert.equal(path, expected);
    return [message, words];
  }
});

test('a Map, Set or Date has nothing beside its content', () => {
  assert.equal(refusal({ m: Object.assign(new Map(), { extra: 1 }) }).path, 'state.m.extra');
  assert.equal(refusal({ d: Object.assign(new Date(), { extra: 1 }) }).path, 'state.d.extra');
  assert.match(refusal(Object.assign(new Set(), { [Symbol('s')]: 1 })).message, /a symbol/);
});

test('drafts and proxies of state libraries are named, with the way back', () => {
  const draft = new Proxy({ a: 1 }, { get: (target, key) => (key === Symbol.for('immer-state') ? {} : Reflect.get(target, key)) });
  assert.match(refusal({ draft }).message, /an immer draft; .*current\(draft\).*state\.draft/);
  const reactive = new Proxy([1], { get: (target, key) => (key === '__v_isReactive' ? true : Reflect.get(target, key)) });
  assert.match(refusal({ reactive }).message, /a Vue proxy; pass toRaw/);
  assert.match(refusal({ [Symbol('mobx administration')]: {} }).message, /a MobX observable; pass toJS/);
  assert.match(refusal({ [Symbol('solid-proxy')]: {} }).message, /a Solid store; pass unwrap/);
  assert.equal(encoded({ __v_isReactive: true }), encoded(JSON.parse('{"__v_isReactive": true}')));
});

test('what a proxy throws becomes the cause', () => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  const error = refusal({ proxy });
  assert.equal(error.path, 'state.proxy');
  assert.ok(error.cause instanceof TypeError);
});

test('a buffer that was given away is not taken for an empty one', () => {
  const array = Uint8Array.of(1);
  structuredClone(array.buffer, { transfer: [array.buffer] });
  assert.match(refusal({ array }).message, /reading it failed/);
});

test('an error leaves nothing behind', () => {
  const before = encoded([1, 'two']);
  refusal({ a: 'some text', b: () => {} });
  assert.equal(encoded([1, 'two']), before);
});

test('a function of another realm is refused as well', () => {
  assert.match(refusal(runInNewContext('() => 1')).message, /a function/);
});
