/** `validate` as a schema of another library (https://standardschema.dev): what is decoded and what is to be sealed is checked by it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type } from 'arktype';
import { defineSnapshots, everyEvents, memoryStore, type DefinitionOptions, type SnapshotStore, type StandardSchema } from 'snapfold';
import * as v from 'valibot';
import { z } from 'zod';
import { failed, taken } from './support/carts.js';
import { Log } from './support/log.js';

interface State {
  readonly lines: readonly { readonly sku: string; readonly quantity: number }[];
}

type Event = State['lines'][number];
type Validate = DefinitionOptions<State, Event>['validate'];

const SCHEMAS: Record<string, StandardSchema> = {
  Zod: z.object({ lines: z.array(z.object({ sku: z.string(), quantity: z.number().positive() })) }),
  Valibot: v.object({ lines: v.array(v.object({ sku: v.string(), quantity: v.pipe(v.number(), v.minValue(1)) })) }),
  ArkType: type({ lines: type({ sku: 'string', quantity: 'number > 0' }).array() }),
};

const tea = { sku: 'tea', quantity: 2 };
const nothing = { sku: 'jam', quantity: 0 };

const carts = (validate: Validate) =>
  defineSnapshots<State, Event>({
    name: 'cart',
    version: 1,
    initialState: () => ({ lines: [] }),
    evolve: ({ lines }, line) => ({ lines: [...lines, line] }),
    policy: everyEvents(1),
    ...(validate === undefined ? {} : { validate }),
  });

const open = (validate: Validate, events: readonly Event[], store: SnapshotStore = memoryStore()) =>
  carts(validate).open({ store, events: new Log<Event>({}, events), observe: () => {} });

for (const [library, schema] of Object.entries(SCHEMAS)) {
  test(`${library}: a valid state is sealed, and read again`, async () => {
    const repo = await open(schema, [tea, tea]);
    taken(await repo.maybeSnapshot(await repo.load('c')));
    const { source, state } = await repo.load('c');
    assert.deepEqual([source, state], ['snapshot', { lines: [tea, tea] }]);
  });

  test(`${library}: one that is not valid is not sealed, and the outcome says where`, async () => {
    const repo = await open(schema, [tea, nothing]);
    const { error } = failed(await repo.maybeSnapshot(await repo.load('c')));
    assert.equal(error.code, 'invalid');
    assert.match(error.message, /^validate refused the state: .+ \(at state\.lines\[1\]\.quantity\)$/s);
  });

  test(`${library}: one that was stored before is rejected, and replayed`, async () => {
    const store = memoryStore();
    const lenient = await open(undefined, [tea, nothing], store);
    taken(await lenient.snapshot(await lenient.load('c')));
    const { source, state, rejected } = await (await open(schema, [tea, nothing], store)).load('c');
    assert.deepEqual([source, state.lines.length, rejected.map(({ code }) => code)], ['replay', 2, ['invalid']]);
    assert.match(rejected[0]?.message ?? '', /at state\.lines\[1\]\.quantity/);
  });
}

test('what a schema makes of a state is not looked at', async () => {
  const schema = z.object({ lines: z.array(z.unknown()).transform(() => 'changed'), extra: z.string().default('added') });
  const repo = await open(schema, [tea]);
  taken(await repo.maybeSnapshot(await repo.load('c')));
  const { source, state } = await repo.load('c');
  assert.deepEqual([source, state], ['snapshot', { lines: [tea] }]);
});

const LATE: Record<string, NonNullable<Validate>> = {
  'Zod with an asynchronous check': z.object({ lines: z.array(z.unknown()) }).refine(async () => true),
  'Valibot with an asynchronous check': v.pipeAsync(v.object({ lines: v.array(v.unknown()) }), v.checkAsync(async () => true)),
  'a function that rejects': () => Promise.reject(new Error('nobody hears this')),
};

for (const [what, validate] of Object.entries(LATE)) {
  test(`a verdict that comes late is none: ${what}`, async () => {
    const repo = await open(validate, [tea]);
    const { error } = failed(await repo.maybeSnapshot(await repo.load('c')));
    assert.equal(error.code, 'invalid');
    assert.match(error.message, /must answer at once/);
    await new Promise((resolve) => setImmediate(resolve)); // an unhandled rejection would fail the test
  });
}

test('an issue needs no path, and a list of issues no issue', async () => {
  const verdicts: [readonly object[] | undefined, RegExp | undefined][] = [
    [undefined, undefined],
    [[{ message: 'no cart' }], /no cart \(at state\)/],
    [[{ message: 'no line', path: ['lines', { key: 1 }, Symbol('s')] }], /no line \(at state\.lines\[1\]\["Symbol\(s\)"\]\)/],
    [[], /not valid/],
  ];
  for (const [issues, message] of verdicts) {
    const schema = { '~standard': { version: 1, vendor: 'test', validate: () => ({ issues }) } };
    const outcome = await open(schema as unknown as StandardSchema, [tea]).then(async (repo) => repo.maybeSnapshot(await repo.load('c')));
    if (message === undefined) taken(outcome);
    else assert.match(outcome.reason ?? '', message);
  }
});

test('what is no schema of version 1 is refused', () => {
  for (const standard of [{}, { version: 2, validate: () => ({}) }, { version: 1 }, null]) {
    assert.throws(() => carts({ '~standard': standard } as never), { code: 'invalidOption', path: 'validate' });
  }
});
