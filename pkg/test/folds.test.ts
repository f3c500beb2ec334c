/** Built-in folds from JavaScript: rules, pure and behind a repository. What each operation does is tested in Rust. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decode, defineSnapshots, encode, everyEvents, memoryStore, type EventRow } from 'snapfold';
import { fold, FoldError, journalFold, rulesFold, type RulesSpec } from 'snapfold/folds';

interface Orders {
  readonly orders: Readonly<Record<string, { readonly status: string; readonly note?: string }>>;
  readonly open: number;
}

type OrderEvent = { readonly position: number; readonly id: string; readonly type: string; readonly data: { readonly id: string; readonly note?: string } };

const spec: RulesSpec = {
  initial: { orders: {}, open: 0 },
  rules: {
    Placed: [
      { put: '/orders/{/data/id}', value: { status: 'placed' } },
      { put: '/orders/{/data/id}/note', from: '/data/note', optional: true },
      { add: '/open', value: 1 },
    ],
    Shipped: [
      { put: '/orders/{/data/id}/status', value: 'shipped' },
      { subtract: '/open', value: 1 },
    ],
  },
};
const orders = () => rulesFold<Orders, OrderEvent>(spec);

/** Orders that are placed and shipped, with notes of `note` characters beyond ASCII. */
function* history(count: number, note = 0): Iterable<OrderEvent> {
  for (let position = 1; position <= count; position += 1) {
    const id = `o${(position + 1) >> 1}`;
    const type = position % 2 === 1 ? 'Placed' : 'Shipped';
    yield { position, id: `e${position}`, type, data: note === 0 ? { id } : { id, note: 'é'.repeat(note) } };
  }
}

const lines = (events: Iterable<OrderEvent>): string => [...events].map((event) => JSON.stringify(event)).join('\n');
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const sequence = (events: Iterable<OrderEvent>): Uint8Array => new Uint8Array(Buffer.concat([...events].map((event) => encode(event))));

test('every form of the same events gives the same state, bytes and place', () => {
  const expected = { orders: { o1: { status: 'shipped' }, o2: { status: 'placed' } }, open: 1 };
  const forms = [lines(history(3)), utf8(lines(history(3))), { cbor: sequence(history(3)) }, [...history(3)], history(3)];
  for (const events of forms) {
    const { state, bytes, position, eventCount, anchor, pending } = fold(orders(), events);
    assert.deepEqual(state, expected);
    assert.deepEqual(decode(bytes), expected);
    assert.deepEqual([position, eventCount, anchor, pending], [3, 3, 'e3', []]);
  }
});

test('a fold goes on from where another one ended, and equals one that was never cut', () => {
  const all = [...history(20)];
  const whole = fold(orders(), all);
  for (let cut = 0; cut <= all.length; cut += 1) {
    const first = fold(orders(), all.slice(0, cut));
    assert.deepEqual(fold(orders(), lines(all.slice(cut)), first).bytes, whole.bytes);
  }
});

test('nothing to fold is the initial state', () => {
  for (const events of ['', new Uint8Array(), [], { cbor: new Uint8Array() }]) {
    const { state, position, eventCount, anchor } = fold(orders(), events);
    assert.deepEqual([state, position, eventCount, anchor], [{ orders: {}, open: 0 }, null, 0, null]);
  }
});

test('large inputs are cut at line ends, and a line longer than a piece is one', () => {
  const many = [...history(4_000, 300)];
  const [placed] = history(1, 1_500_000);
  assert.ok(placed !== undefined);
  const expected = fold(orders(), many).bytes;
  for (const end of ['', '\n', '\r\n']) {
    const text = lines(many) + end;
    assert.ok(text.length > 1_200_000);
    assert.deepEqual(fold(orders(), text).bytes, expected);
    assert.deepEqual(fold(orders(), utf8(text)).bytes, expected);
  }
  const long = lines([placed, ...[...history(3)].slice(1)]);
  for (const events of [long, utf8(long)]) {
    const { state, position } = fold(orders(), events);
    assert.deepEqual([state.orders['o1']?.note?.length, position], [1_500_000, 3]);
  }
});

test('texts of every length are read to their end, whatever stands where in them', () => {
  const texts = rulesFold<string[], object>({ initial: [], rules: { Said: [{ append: '', from: '/data/text' }] } });
  const said: string[] = [];
  for (let length = 0; length <= 70; length += 1) {
    const plain = 'abcdefghij'.repeat(7).slice(0, length);
    said.push(plain);
    for (const odd of ['"', '\\', '\n', '\u007f', 'é', '😀', '~', '!']) said.push(plain + odd + plain, odd + plain);
  }
  const log = said.map((text, index) => JSON.stringify({ position: index + 1, type: 'Said', data: { text, more: text.length } })).join('\n');
  assert.deepEqual(fold(texts, log).state, said);
});

test('a control character in a text is refused wherever it stands, and what came before is kept', () => {
  const texts = rulesFold<string[], object>({ initial: [], rules: { Said: [{ append: '', from: '/data/text' }] } });
  const line = (position: number, text: string) => `{"position":${position},"type":"Said","data":{"text":"${text}"}}`;
  for (let place = 0; place < 40; place += 1) {
    const text = 'x'.repeat(40);
    const broken = text.slice(0, place) + '\t' + text.slice(place);
    assert.throws(
      () => fold(texts, [line(1, text), line(2, text), line(3, broken)].join('\n')),
      (error: FoldError<string[]>) => error.code === 'malformed' && error.folded.state.length === 2,
      `at ${place}`,
    );
  }
});

test('the first bad event is an error that holds what came before it', () => {
  const good = [...history(3)];
  const unknown = { position: 4, id: 'e4', type: 'Lost', data: { id: 'o1' } };
  for (const events of [lines([...good, unknown]), [...good, unknown], { cbor: sequence([...good, unknown]) }]) {
    assert.throws(
      () => fold(orders(), events),
      (error) => {
        assert.ok(error instanceof FoldError);
        assert.deepEqual([error.name, error.code, error.position], ['FoldError', 'unknownEvent', 4]);
        assert.deepEqual([error.folded.position, error.folded.bytes], [3, fold(orders(), good).bytes]);
        return true;
      },
    );
  }
  const gap = [...good, { ...unknown, position: 9 }];
  assert.throws(() => fold(orders(), gap), { code: 'gap', position: 9 });
});

test('an error in the text says where, in later pieces too', () => {
  const text = `${lines(history(4_000, 300))}\nnothing`;
  const offset = utf8(text.slice(0, text.lastIndexOf('nothing'))).length;
  for (const events of [text, utf8(text)]) {
    assert.throws(
      () => fold(orders(), events),
      (error) => error instanceof FoldError && error.code === 'malformed' && error.offset === offset && error.folded.position === 4_000,
    );
  }
});

test('a lone surrogate is an error where it stands, after the lines before it', () => {
  const good = lines(history(2));
  for (const [text, offset, position] of [
    [`${good}\n{"é": "\ud800"}\n`, utf8(good).length + 9, 2],
    ['\n"\udc00', 2, null],
    ['\ud800', 0, null],
  ] as const) {
    assert.throws(
      () => fold(orders(), text),
      (error) => error instanceof FoldError && error.code === 'malformed' && error.offset === offset && error.folded.position === position,
    );
  }
});

test('what is no input, no base, or the base of another fold is refused', () => {
  for (const events of [null, undefined, 5, {}, new ArrayBuffer(2), { cbor: undefined }, { cbor: '{}' }]) {
    assert.throws(() => fold(orders(), events as never), { code: 'invalidOption', path: 'events' });
  }
  const base = fold(orders(), history(2));
  assert.equal(fold(orders(), [...history(3)].slice(2), base).position, 3);
  const other = rulesFold<Orders, OrderEvent>({ ...spec, unknown: 'ignore' });
  assert.throws(() => fold(other, '', base), { code: 'foreign', path: 'base' });
  assert.throws(() => fold(journalFold(), '', base as never), { code: 'foreign', path: 'base' });
  const { foldDigest: _, ...unknown } = base;
  assert.throws(() => fold(orders(), '', unknown as never), { code: 'invalidOption', path: 'base' });
  assert.throws(() => fold(orders(), '', { ...base, pending: ['{}'] as never }), { code: 'invalidOption', path: 'base.pending' });
});

test('an object that cannot be encoded is refused after those before it', () => {
  const bad = { position: 4, id: 'e4', type: 'Placed', data: { id: 'o9', note: (() => 1) as never } };
  assert.throws(
    () => fold(orders(), [...history(3), bad]),
    (error) => error instanceof FoldError && error.code === 'invalidEvent' && error.folded.position === 3,
  );
});

test('mistakes in rules are all named, with a pointer to the first', () => {
  const wrong = { rules: { Placed: [{ put: 'orders' }], Shipped: [{ add: '/open', value: 1, from: '/x' }] }, extra: 1 };
  assert.throws(() => rulesFold(wrong as never), (error: Error & { code?: string; path?: string }) => {
    assert.equal(error.code, 'invalidOption');
    assert.equal(error.path, '/rules/Placed/0/put');
    assert.match(error.message, /\/rules\/Shipped\/0[\s\S]*extra/);
    return true;
  });
  assert.throws(() => fold({ ...orders() } as never, ''), { code: 'invalidOption', path: 'spec' });
});

test('parents and members of objects as the compiler knows them', () => {
  const rules = rulesFold<{ readonly seen: object }, OrderEvent>({
    rules: {
      Placed: [{ put: '/seen/{/data/id}', parents: true, fields: { id: '/id', kind: { value: 'order' }, note: { from: '/data/note', optional: true } } }],
    },
  });
  assert.deepEqual(fold(rules, history(1)).state, { seen: { o1: { id: 'e1', kind: 'order' } } });
  // @ts-expect-error one operation has one name
  assert.throws(() => rulesFold({ rules: { Placed: [{ put: '/a', remove: '/b' }] } }), { code: 'invalidOption' });
});

test('equal rules have equal digests, other rules others', () => {
  assert.deepEqual(orders().digest, orders().digest);
  assert.equal(orders().digest.length, 32);
  assert.notDeepEqual(rulesFold({ ...spec, unknown: 'ignore' }).digest, orders().digest);
  const sparse = rulesFold({ ...spec, sequence: 'sparse' });
  assert.deepEqual([sparse.sequence, sparse.firstPosition, decode(sparse.initial)], ['sparse', 1, spec.initial]);
});

for (const [form, write] of [
  ['objects', (event: unknown) => event],
  ['JSON text', (event: unknown) => JSON.stringify(event)],
  ['JSON in bytes', (event: unknown) => utf8(JSON.stringify(event))],
] as const) {
  test(`a repository with rules equals the pure fold: events as ${form}`, async () => {
    const rows: EventRow<unknown>[] = [...history(250)].map((event) => ({ position: event.position, id: event.id, event: write(event) }));
    const read = (_: string, { from, limit }: { from: number; limit: number }) => rows.filter(({ position }) => Number(position) >= from).slice(0, limit);
    const definition = defineSnapshots({ name: 'orders', version: 1, fold: rulesFold<Orders, unknown>(spec), policy: everyEvents(100), pageSize: 60 });
    const repo = await definition.open({ store: memoryStore(), events: { read } });
    const log = rows.splice(100);
    let handle = await repo.load('shop');
    handle = (await repo.maybeSnapshot(handle)).handle;
    rows.push(...log);
    handle = repo.apply(handle, log);
    assert.deepEqual(encode(handle.state), fold(orders(), [...history(250)]).bytes);
    const restored = await repo.load('shop');
    assert.deepEqual([restored.source, restored.replayed, encode(restored.state)], ['snapshot', 150, encode(handle.state)]);
  });
}

test('an object may end in any byte, also in one that is a space in JSON; JSON in a row may have spaces around it', async () => {
  const notes = rulesFold<{ readonly last: unknown }, unknown>({ rules: { Noted: [{ put: '/last' }] } });
  const repo = await defineSnapshots({ name: 'notes', version: 1, fold: notes }).open({ store: memoryStore(), events: { read: () => [] } });
  const empty = await repo.load('s');
  for (const data of [9, 10, 13, -1, 'line\n', 'x ']) {
    const event = { type: 'Noted', data };
    for (const written of [event, `\r\n ${JSON.stringify(event, null, 2)}\n`]) {
      assert.deepEqual(repo.apply(empty, { position: 1, event: written }).state, { last: data });
    }
  }
  const long = { position: 1, event: { type: 'Noted', data: 'x'.repeat(2_000_000) } };
  for (const rows of [[], [long]]) {
    const row = { position: rows.length + 1, event: ' {"type": "Noted"} {}' };
    assert.throws(() => repo.apply(empty, [...rows, row]), { code: 'malformed', offset: 19, position: row.position });
  }
  for (const type of [5, '\ud800']) {
    const row = { position: 1, type: type as never, event: { type: 'Noted' } };
    assert.throws(() => repo.apply(empty, row), { code: 'invalidEvent', position: 1 });
  }
});

test('one event after the other makes what all of them make, also where many streams take turns', async () => {
  const rows: EventRow<unknown>[] = [...history(60)].map((event) => ({ position: event.position, id: event.id, event }));
  const definition = defineSnapshots({ name: 'orders', version: 1, fold: rulesFold<Orders, unknown>(spec) });
  const repo = await definition.open({ store: memoryStore(), events: { read: () => [] } });
  const handles = await Promise.all(['a', 'b', 'c'].map((stream) => repo.load(stream)));
  rows.forEach((row, index) => {
    for (const stream of handles.keys()) handles[stream] = repo.apply(handles[stream]!, row);
    const expected = fold(orders(), [...history(index + 1)]);
    for (const { state, position } of handles) assert.deepEqual([encode(state), position], [expected.bytes, expected.position]);
  });
});

test('events may be made by folding others', () => {
  const rules = orders();
  const whole = fold(rules, [...history(30)]);
  function* made() {
    for (const event of history(30)) {
      const lines = [...history(event.position)].map((before) => JSON.stringify(before)).join('\n');
      assert.equal(fold(rules, lines).position, event.position);
      yield event;
    }
  }
  assert.deepEqual(fold(rules, made()).bytes, whole.bytes);
});

test('a row that rules refuse has its position, and leaves the handle as it is', async () => {
  const definition = defineSnapshots({ name: 'orders', version: 1, fold: rulesFold<Orders, unknown>(spec), positions: 'bigint' });
  const repo = await definition.open({ store: memoryStore(), events: { read: () => [] } });
  const handle = await repo.load('shop');
  const [placed] = history(1);
  const lost = { type: 'Lost', data: {} };
  const rows = [{ position: 1n, event: placed }, { position: 2n, type: 'Shipped', event: lost }];
  assert.throws(() => repo.apply(handle, rows), (error: Error & { code?: string; position?: unknown }) => {
    assert.deepEqual([error.code, Number(error.position)], ['missingValue', 2]);
    return true;
  });
  assert.throws(() => repo.apply(handle, { position: 1n, event: { type: 'Placed', data: () => 1 } }), { code: 'invalidEvent' });
  assert.equal(handle.position, null);
});

/** Timers that fire, one after the other. */
const timers = (count: number) =>
  Array.from({ length: count }, (_, index) => {
    const n = (index >> 1) + 1;
    const type = index % 2 === 0 ? 'timer_started' : 'timer_fired';
    return { position: index + 1, id: `e${index + 1}`, type, data: { command_id: `c${n}`, timer_id: `t${n}` } };
  });

test('a journal’s steps are a Map by position, and an opener waits for its end', () => {
  const { state, position, eventCount, pending } = fold(journalFold(), timers(5));
  assert.deepEqual([...state.keys()], [1, 3]);
  assert.equal(state.get(1)?.kind, 'timer');
  assert.deepEqual([state.get(3)?.commandId, state.get(3)?.advanceBy], ['c2', 2]);
  assert.deepEqual([position, eventCount, pending.length], [4, 4, 1]);
});

test('what waits comes first next time, in the form in which it was given, wherever a journal is cut', () => {
  const all = timers(9);
  const json = (events: object[]) => events.map((event) => JSON.stringify(event)).join('\n');
  const whole = fold(journalFold(), all);
  for (let cut = 0; cut <= all.length; cut += 1) {
    for (const first of [all.slice(0, cut), json(all.slice(0, cut))]) {
      const { bytes, pending, position } = fold(journalFold(), json(all.slice(cut)), fold(journalFold(), first));
      assert.deepEqual([bytes, pending.length, position], [whole.bytes, 1, 8]);
    }
  }
});

test('a repository keeps what waits, and counts it', async () => {
  const rows: EventRow<unknown>[] = timers(5).map((event) => ({ position: event.position, id: event.id, event }));
  const read = (_: string, { from, limit }: { from: number; limit: number }) => rows.filter(({ position }) => Number(position) >= from).slice(0, limit);
  const definition = defineSnapshots({ name: 'run', version: 1, fold: journalFold(), policy: everyEvents(5) });
  const repo = await definition.open({ store: memoryStore(), events: { read } });
  const handle = await repo.load('run-1');
  assert.deepEqual([handle.position, handle.pending, handle.state.size], [4, 1, 2]);
  const outcome = await repo.maybeSnapshot(handle);
  assert.ok(outcome.status === 'taken' && outcome.position === 4);
  const [fired] = timers(6).slice(5);
  assert.ok(fired !== undefined);
  const row = { position: 6, id: fired.id, event: fired };
  const completed = repo.apply(outcome.handle, row);
  assert.deepEqual([completed.position, completed.pending, [...completed.state.keys()]], [6, 0, [1, 3, 5]]);
  rows.push(row);
  const restored = await repo.load('run-1');
  assert.deepEqual([restored.source, restored.replayed, encode(restored.state)], ['snapshot', 2, encode(completed.state)]);
});
