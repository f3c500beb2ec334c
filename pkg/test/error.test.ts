import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { ERROR_CODES, SnapshotError } from '../dist/error.js';

test('the codes are those of the Rust crate', () => {
  const source = readFileSync(new URL('../../src/error.rs', import.meta.url), 'utf8');
  const table = source.slice(source.indexOf('codes! {'));
  const codes = [...table.matchAll(/^ {4}[A-Z]\w+ = "(\w+)",$/gm)].map(([, code]) => code);
  assert.ok(codes.length > 0);
  assert.deepEqual([...ERROR_CODES], codes);
});

test('an error is an Error with code and place, and its message ends in the place', () => {
  const cause = new TypeError('inner');
  const error = new SnapshotError('evolveFailed', 'the reducer failed', { path: 'state.a', offset: 3, position: 7n, cause });
  assert.ok(error instanceof Error);
  assert.equal(String(error), 'SnapshotError: the reducer failed (at state.a) (at byte 3) (at position 7)');
  assert.equal(error.code, 'evolveFailed');
  assert.equal(error.path, 'state.a');
  assert.equal(error.offset, 3);
  assert.equal(error.position, 7n);
  assert.equal(error.cause, cause);
});

test('an error without a place says nothing of one', () => {
  const error = new SnapshotError('notReady', 'call init');
  assert.equal(error.message, 'call init');
  assert.deepEqual(Object.keys(error), ['code']);
});

test('SnapshotError.is knows errors of another copy of the package', async () => {
  const url = new URL('../dist/error.js?copy', import.meta.url).href;
  const copy = (await import(url)) as typeof import('../dist/error.js');
  const error = new copy.SnapshotError('gap', 'a gap');
  assert.ok(!(error instanceof SnapshotError));
  assert.ok(SnapshotError.is(error));
  assert.ok(SnapshotError.is(new SnapshotError('gap', 'a gap')));
  for (const other of [new Error('no'), { code: 'gap' }, null, undefined, 'gap']) assert.ok(!SnapshotError.is(other));
});
