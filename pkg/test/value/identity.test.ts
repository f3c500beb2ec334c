import assert from 'node:assert/strict';
import { test } from 'node:test';
import { identityForm } from '../../dist/value/identity.js';
import { encoded, hex } from './bytes.js';

function same(a: unknown, b: unknown): void {
  assert.equal(hex(identityForm(a)), hex(identityForm(b)));
}

test('what a log kept as JSON or jsonb changes does not change the identity', () => {
  same({ b: 1, a: 2 }, { a: 2, b: 1 });
  same({ a: 1, gone: undefined }, { a: 1 });
  same([undefined], [null]);
  same([NaN, Infinity, -Infinity], [null, null, null]);
  same(-0, 0);
  same(new Date(1500), '1970-01-01T00:00:01.500Z');
  same(new Date(NaN), null);
  same(12345678901234567890n, '12345678901234567890');
  const event = { type: 'Added', at: new Date(0), data: { qty: -0, note: undefined, lines: [{ z: 1, a: [undefined] }] } };
  same(event, JSON.parse(JSON.stringify(event)));
});

test('keys are sorted by code units, also those that look like integers', () => {
  assert.equal(hex(identityForm({ 9: 0, 10: 0, b: 0, a: 0 })), 'a4623130006139006161006162' + '00');
  const high = '\u{1f600}';
  assert.equal(hex(identityForm({ '\uff5e': 1, [high]: 2 })), `a2${encoded(high)}02${encoded('\uff5e')}01`);
});

test('all else is as in a state, and different events stay different', () => {
  assert.equal(hex(identityForm({ a: [1.5, 'x', null, true] })), encoded({ a: [1.5, 'x', null, true] }));
  assert.equal(hex(identityForm(new Map([['b', Uint8Array.of(1)]]))), encoded(new Map([['b', Uint8Array.of(1)]])));
  const events = [{}, [], { a: null }, { a: 1 }, { a: '1' }, { b: 1 }, [1], [[1]], 1, '1', null, true, new Set()];
  assert.equal(new Set(events.map((event) => hex(identityForm(event)))).size, events.length);
});

test('an event without a prototype has the identity of a plain one: it is never restored', () => {
  same(Object.assign(Object.create(null) as object, { a: 1 }), { a: 1 });
});

test('an event that cannot be one says where', () => {
  assert.throws(() => identityForm({ data: { f: () => 1 } }), { code: 'unencodable', path: 'event.data.f' });
  const cycle: Record<string, unknown> = {};
  cycle['a'] = cycle['b'] = cycle;
  assert.throws(() => identityForm(cycle), { code: 'unencodable', message: /more than 256 levels/ });
  assert.throws(() => identityForm({ get a() { return 1; } }), { code: 'unencodable', path: 'event.a' });
});
