/** The rules in examples/rules make the states that the reducers by hand beside them make, to the byte. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { encode } from 'snapfold';
import { fold, FoldError, rulesFold, type FoldResult, type RulesFold, type RulesSpec } from 'snapfold/folds';

interface Reducer {
  initialState(): unknown;
  evolve(state: unknown, event: unknown): void;
}

const examples = new URL('../../examples/rules/', import.meta.url);
const load = async (file: string): Promise<Record<string, any>> => import(new URL(file, examples).href) as Promise<Record<string, any>>;
const rules = (file: string): RulesFold => rulesFold(JSON.parse(readFileSync(new URL(file, examples), 'utf8')) as RulesSpec);
const { plain } = await load('plain.js');
const generators = await load('generate.js');
const { orderEvents, taskQueueEvents } = generators;
const loans = await load('loan-applications.js');
const { SNAPFOLD_EVENTS: realLog } = process.env;
const loanEvents = [...generators['loanEvents']({ events: 4000 })] as { readonly seq: number; readonly stream: string }[];

const byHand = ({ initialState, evolve }: Reducer, events: readonly unknown[]): Uint8Array => {
  const state = initialState();
  for (const event of events) evolve(state, event);
  return encode(plain(state));
};

const logs: Record<string, { readonly fold: RulesFold; readonly reducer: Reducer; readonly events: readonly object[] }> = {};
for (const seed of [1, 2, 3]) {
  logs[`a task queue, seed ${seed}`] = {
    fold: rules('task-queue.json'),
    reducer: (await load('task-queue.js')) as unknown as Reducer,
    events: [...taskQueueEvents({ events: 4000, seed })],
  };
  logs[`orders, seed ${seed}`] = {
    fold: rules('orders.json'),
    reducer: (await load('orders.js')) as unknown as Reducer,
    events: [...orderEvents({ events: 4000, seed })],
  };
}
logs['loan applications'] = { fold: rules('loan-applications.json'), reducer: loans['wholeLog'], events: loanEvents };

for (const [name, { fold: spec, reducer, events }] of Object.entries(logs)) {
  test(`${name}: rules and reducer agree, from objects, lines and bytes`, () => {
    const expected = byHand(reducer, events);
    const lines = events.map((event) => JSON.stringify(event)).join('\n');
    for (const given of [events, lines, new TextEncoder().encode(lines)]) {
      const folded = fold(spec, given);
      assert.ok(Buffer.from(folded.bytes).equals(expected));
      assert.ok(Buffer.from(encode(folded.state)).equals(expected), 'what is decoded is encoded to the same bytes');
      assert.equal(folded.eventCount, events.length);
    }
  });

  test(`${name}: a state and what came after it make the same as all at once`, () => {
    const whole = fold(spec, events);
    for (const cut of [0, 1, 17, events.length - 1, events.length]) {
      const base = fold(spec, events.slice(0, cut));
      const folded = fold(spec, events.slice(cut), base);
      assert.ok(Buffer.from(folded.bytes).equals(whole.bytes), `cut at ${cut}`);
      assert.deepEqual([folded.position, folded.eventCount, folded.anchor], [whole.position, whole.eventCount, whole.anchor]);
    }
  });
}

test('one stream for each loan application', () => {
  const spec = rules('loan-application.json');
  const streams = groupByStream();
  assert.ok(streams.size > 50);
  for (const events of streams.values()) {
    const folded = fold(spec, events);
    assert.ok(Buffer.from(folded.bytes).equals(byHand(loans['perApplication'], events)));
  }
});

test('a whole log of loan applications', { skip: realLog === undefined && 'SNAPFOLD_EVENTS names no file of JSON Lines with such events' }, () => {
  const lines = readFileSync(realLog as string);
  const events = lines.toString().trim().split('\n').map((line) => JSON.parse(line) as object);
  const spec = rules('loan-applications.json');
  const whole = fold(spec, lines);
  assert.ok(Buffer.from(whole.bytes).equals(byHand(loans['wholeLog'], events)));
  let folded = fold(spec, '');
  for (let at = 0; at < lines.length; ) {
    const end = lines.indexOf(10, at + 1_000_000) + 1 || lines.length;
    folded = fold(spec, lines.subarray(at, end), folded);
    at = end;
  }
  assert.ok(Buffer.from(folded.bytes).equals(whole.bytes), 'cut into batches');
});

test('an event that does not fit leaves everything before it', () => {
  const spec = rules('orders.json');
  const events = [...orderEvents({ events: 300, seed: 9 })] as { readonly position: number }[];
  const good = fold(spec, events);
  const unknown = { position: 301, id: 'x', type: 'OrderPaid', at: '', data: { order: 'nobody', amount: 1 } };
  assert.throws(
    () => fold(spec, [...events, unknown]),
    (error: FoldError) => {
      const folded: FoldResult = error.folded;
      assert.deepEqual([error.code, error.position, error.path], ['missingTarget', 301, '/orders/nobody/status']);
      return Buffer.from(folded.bytes).equals(good.bytes) && folded.eventCount === 300;
    },
  );
});

function groupByStream(): Map<string, typeof loanEvents> {
  const streams = new Map<string, typeof loanEvents>();
  for (const event of loanEvents) streams.set(event.stream, [...(streams.get(event.stream) ?? []), event]);
  return streams;
}
