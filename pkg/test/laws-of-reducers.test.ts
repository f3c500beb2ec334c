/** `snapshotLaws` of snapfold/testing: definitions that keep them, and one for each way to break them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decode, defineSnapshots, encode, type DefinitionOptions } from 'snapfold';
import { lz4 } from 'snapfold/lz4';
import { journalFold, rulesFold } from 'snapfold/folds';
import { auditEvery } from 'snapfold/audit';
import { immutable } from 'snapfold/immutable';
import { snapshotLaws, type Check, type Law, type LawOptions } from 'snapfold/testing';
import { carts, events, type CartEvent } from './support/carts.js';
import { sumFold, type Step } from './support/folds.js';

// As an application does it.
for (const { name, run } of snapshotLaws(carts(), events(20))) test(`carts: ${name}`, run);

/** Which checks fail, by rule, and what they say. */
async function broken(checks: readonly Check<Law>[]): Promise<ReadonlyMap<Law, string>> {
  const said = new Map<Law, string>();
  for (const { rule, run } of checks) await run().catch((error: Error) => said.set(rule, error.message));
  return said;
}

const holds = async (checks: readonly Check<Law>[]) => assert.deepEqual([...(await broken(checks))], []);

interface State {
  readonly sum: number;
  readonly seen?: unknown;
}

interface Added {
  readonly add: number;
  readonly tags?: string[];
}

const added: readonly Added[] = Array.from({ length: 12 }, (_, index) => ({ add: index + 1, tags: ['a', 'b', 'c'] }));

const sums = (options: Partial<DefinitionOptions<State, Added, 'number'>> = {}) =>
  defineSnapshots<State, Added>({
    name: 'sum',
    version: 1,
    initialState: () => ({ sum: 0 }),
    evolve: ({ sum }, { add }) => ({ sum: sum + add }),
    development: false,
    ...options,
  });

let outside = 0;

const BROKEN: Record<string, { rule: Law; options: Partial<DefinitionOptions<State, Added, 'number'>>; says: RegExp; alone?: boolean }> = {
  'a state that holds a function': {
    rule: 'encodable',
    options: { evolve: ({ sum }, { add }) => (add === 5 ? { sum, seen: () => add } : { sum: sum + add }) },
    says: /cannot be snapshotted: .*seen.* \(at position 5\)$/s,
  },
  'a state of which toState forgets a part': {
    rule: 'cuts',
    options: {
      evolve: ({ sum, seen = 0 }, { add }) => ({ sum: sum + add + ((seen as number) === 4 ? 100 : 0), seen: (seen as number) + 1 }),
      toState: ({ sum }) => ({ sum }),
    },
    says: /another state than the full replay \(at state\.sum\) \(at position/,
  },
  'a state that validate refuses once it is stored': {
    rule: 'cuts',
    options: { fromState: (plain: State) => (plain.sum === 10 ? assert.fail('ten') : plain) },
    says: /the snapshot is not used: fromState failed: ten \(at position 4\)/,
  },
  'evolve changes its state': {
    rule: 'mutation',
    options: { evolve: (state, { add }) => Object.assign(state, { sum: state.sum + add }) },
    says: /evolve changed the state that it was given \(at state\.sum\) \(at position 2\)/,
  },
  'evolve changes an event': {
    rule: 'mutation',
    options: { evolve: ({ sum }, { add, tags }) => ({ sum: sum + add, seen: tags?.pop() ?? '' }) },
    says: /evolve changed the event that it was given \(at position 1\)/,
  },
  'evolve keeps an event and changes it later': {
    rule: 'mutation',
    options: {
      evolve: ({ sum, seen }, { add, tags = [] }) => {
        if (add === 3) (seen as string[]).push('late');
        return { sum: sum + add, seen: add < 3 ? tags : [...tags] };
      },
    },
    says: /evolve changed .* \(at .*position/,
    alone: false, // in the state before it, too
  },
  'evolve looks at the world': {
    rule: 'deterministic',
    options: { evolve: ({ sum }, { add }) => ({ sum: sum + add + outside++ }) },
    says: /folding twice gives two states \(at state\.sum\) \(at position 1\)/,
    alone: false, // no law holds for it
  },
};

for (const [what, { rule, options, says, alone = true }] of Object.entries(BROKEN)) {
  test(`${what}: ${rule}`, async () => {
    const said = await broken(snapshotLaws(sums(options), added));
    if (alone) assert.deepEqual([...said.keys()], [rule]);
    assert.match(said.get(rule) ?? 'it holds', says);
  });
}

test('a fold that counts its batches: batches', async () => {
  const fold = sumFold();
  const start: typeof fold.start = (state) => {
    const session = fold.start(state);
    let more = 0;
    return {
      push: (rows) => ((more += rows.length - 1), session.push(rows)),
      finish: () => ({ ...session.finish(), ...(more === 0 ? {} : { state: encode({ ...(decode(session.finish().state) as object), more }) }) }),
    };
  };
  const steps: Step[] = [1, 2, 3, 4, 5].map((amount) => ({ type: 'Added', amount }));
  const said = await broken(snapshotLaws(defineSnapshots({ name: 'sum', version: 1, fold: { ...fold, start } }), steps));
  assert.deepEqual([...said.keys()], ['batches']);
  assert.match(said.get('batches') ?? '', /pages of 2 events give another state/);
  await holds(snapshotLaws(defineSnapshots({ name: 'sum', version: 1, fold }), steps));
});

test('an event that is more than data, or that its log changes: events', async () => {
  class Amount {
    constructor(readonly value: number) {}
    get double() {
      return 2 * this.value;
    }
  }
  const amounts = defineSnapshots<State, Amount>({ name: 'sum', version: 1, initialState: () => ({ sum: 0 }), evolve: ({ sum }, { double }) => ({ sum: sum + double }) });
  const given = [1, 2, 3].map((value) => new Amount(value));
  const data = await broken(snapshotLaws(amounts, given));
  assert.deepEqual([...data.keys()], ['events']);
  assert.match(data.get('events') ?? '', /no data.* \(at position 1\)/);
  await holds(snapshotLaws(amounts, given, { stored: ({ value }) => new Amount(value) }));

  const dated = defineSnapshots<State, { at: Date }>({
    name: 'sum',
    version: 1,
    initialState: () => ({ sum: 0 }),
    evolve: ({ sum }, { at }) => ({ sum: sum + Number(at), seen: at }),
  });
  const dates = [5, 6].map((at) => ({ at: new Date(at) }));
  await holds(snapshotLaws(dated, dates));
  const json = await broken(snapshotLaws(dated, dates, { stored: (event) => JSON.parse(JSON.stringify(event)) as { at: Date } }));
  assert.deepEqual([...json.keys()], ['events']);
  assert.match(json.get('events') ?? '', /folded otherwise \(at state\.sum\) \(at position 1\)/);
});

test('in development a state that is changed is named, too, with the path', async () => {
  const evolve = (state: State, { add }: Added) => Object.assign(state, { sum: state.sum + add });
  const said = await broken(snapshotLaws(sums({ evolve, development: true }), added));
  assert.match(said.get('mutation') ?? '', /mutable: true \(at state\.sum\) \(at position 1\)/);
  await holds(snapshotLaws(sums({ evolve, mutable: true, development: true }), added));
});

test('they hold for streams from 0, with gaps, of bigints, with shared states, and signed by nobody', async () => {
  const rows = added.map((event, index) => ({ position: index, event }));
  await holds(snapshotLaws(sums({ firstPosition: 0 }), { rows }));
  const sparse = added.map((event, index) => ({ position: `${2n ** 60n + BigInt(10 * index)}`, id: `e${index}`, event }));
  const bigs = defineSnapshots<State, Added>({
    name: 'sum',
    version: 1,
    initialState: () => ({ sum: 0 }),
    evolve: ({ sum }, { add }) => ({ sum: sum + add }),
    positions: 'bigint',
    sequence: 'sparse',
  });
  await holds(snapshotLaws(bigs, { rows: sparse }));
  await holds(snapshotLaws(sums({ immutable, compression: lz4, verifyOnSeal: true, audit: auditEvery(2) }), added));
  await holds(snapshotLaws(sums(), []));
});

test('they hold for built-in folds, with steps that wait and steps that are taken up again', async () => {
  const rules = rulesFold<{ n: number }>({ initial: { n: 0 }, rules: { Added: [{ add: '/n', from: '/data/amount' }] } });
  const placed = [1, 2, 3].map((amount) => ({ type: 'Added', data: { amount } }));
  await holds(snapshotLaws(defineSnapshots({ name: 'sum', version: 1, fold: rules }), placed));
  const activity = (id: string, what: string, more: object = {}) => ({
    type: `activity_${what}`,
    data: { command_id: id, module: 'billing', function: 'charge', arity: 1, ...more },
  });
  const journal = [
    activity('a', 'scheduled'),
    activity('a', 'failed', { error: 'busy' }),
    activity('a', 'retry_scheduled'),
    activity('a', 'completed', { payload: 1 }),
    activity('b', 'scheduled'),
  ];
  await holds(snapshotLaws(defineSnapshots({ name: 'run', version: 1, fold: journalFold<(typeof journal)[number]>() }), journal));
});

test('cuts are spread over long streams', async () => {
  let decoded = 0;
  const counted = sums({ fromState: (plain: State) => ((decoded += 1), plain) });
  const long = Array.from({ length: 300 }, (_, index) => ({ add: index }));
  const cuts = snapshotLaws(counted, long, { cuts: 10 }).find(({ rule }) => rule === 'cuts');
  await cuts?.run();
  assert.ok(decoded >= 20 && decoded <= 50, `${decoded} snapshots were opened for ten cuts`);
});

test('options that make no sense are refused', () => {
  const wrong: [LawOptions<CartEvent>, string][] = [
    [{ cuts: 0 }, 'cuts'],
    [{ stored: 7 as never }, 'stored'],
    [{ cut: 1 } as never, 'snapshotLaws.cut'],
  ];
  for (const [options, path] of wrong) assert.throws(() => snapshotLaws(carts(), events(1), options), { code: 'invalidOption', path });
  for (const nothing of [{ rows: 7 }, {}, null, undefined, 'events']) {
    assert.throws(() => snapshotLaws(carts(), nothing as never), { code: 'invalidOption', path: 'events' });
  }
});
