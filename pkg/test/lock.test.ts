/** `definitionLock` of snapfold/testing: results that change without a new version are noticed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defineSnapshots, type DefinitionOptions } from 'snapfold';
import { journalFold, rulesFold } from 'snapfold/folds';
import { definitionLock, type DefinitionLock } from 'snapfold/testing';

interface State {
  readonly sum: number;
}

interface Added {
  readonly add: number;
}

const added: readonly Added[] = [1, 2, 3, 4, 5].map((add) => ({ add }));

const sums = (options: Partial<DefinitionOptions<State, Added, 'number'>> = {}) =>
  defineSnapshots<State, Added>({
    name: 'sum',
    version: 3,
    initialState: () => ({ sum: 0 }),
    evolve: ({ sum }, { add }) => ({ sum: sum + add }),
    ...options,
  });

/** Adds 4 twice: a changed reducer. */
const evolve = ({ sum }: State, { add }: Added): State => ({ sum: sum + (add === 4 ? 8 : add) });

/** What a file held. */
const kept = async (): Promise<DefinitionLock> => JSON.parse(JSON.stringify(await definitionLock(sums(), added))) as DefinitionLock;

test('it is data: the same for the same definition, through JSON and back', async () => {
  const lock = await definitionLock(sums(), added);
  assert.deepEqual(Object.keys(lock), ['name', 'version', 'events', 'results']);
  assert.deepEqual([lock.name, lock.version, lock.results.length], ['sum', 3, 5]);
  assert.deepEqual({ ...lock }, await kept());
  assert.ok(lock.results.every((result) => /^[0-9a-f]{16}$/.test(result ?? '')));
  lock.check(await kept());
  lock.check(lock);
});

test('results that changed without a new version are named with their event', async () => {
  const lock = await definitionLock(sums({ evolve }), added);
  const before = await kept();
  assert.throws(() => lock.check(before), {
    code: 'diverged',
    position: 4,
    message: /^version 3 gives other results than it did, first after event 4 of 5: .* raise the version/,
  });
});

test('a new version may change them, and only a higher one', async () => {
  const before = await kept();
  (await definitionLock(sums({ evolve, version: 4 }), added)).check(before);
  const back = await definitionLock(sums({ version: 2 }), added);
  assert.throws(() => back.check(before), { code: 'stale', message: /went back from 3 to 2/ });
});

test('a lock of another definition, or of other events, proves nothing', async () => {
  const lock = await definitionLock(sums(), added);
  const other = await definitionLock(sums({ name: 'other' }), added);
  assert.throws(() => lock.check(other), { code: 'foreign', message: /a lock of "other"/ });
  for (const events of [added.slice(1), [...added, { add: 6 }], added.map(({ add }) => ({ add: add + 0.5 }))]) {
    const elsewhere = await definitionLock(sums(), events);
    assert.throws(() => lock.check(elsewhere), { code: 'foreign', message: /other events/ });
  }
});

test('what is no lock is refused', async () => {
  const lock = await definitionLock(sums(), added);
  for (const previous of [undefined, null, 7, 'lock', [], {}, { ...lock, results: 'ab' }, { ...lock, version: '3' }, { ...lock, name: 7 }]) {
    assert.throws(() => lock.check(previous), { code: 'invalidOption', path: 'previous' });
  }
});

test('what the state keeps in another order is another result', async () => {
  const both = (first: 'a' | 'b') => (first === 'a' ? { a: 1, b: 2 } : { b: 2, a: 1 });
  const made = (first: 'a' | 'b') =>
    defineSnapshots<object, number>({ name: 'order', version: 1, initialState: () => ({}), evolve: () => both(first) });
  const before = await definitionLock(made('a'), [1]);
  const lock = await definitionLock(made('b'), [1]);
  assert.throws(() => lock.check(before), { code: 'diverged', position: 1 });
});

test('of a built-in fold: another one has a slot of its own, the same one must give the same', async () => {
  const rules = (more: object) => rulesFold({ initial: { n: 0, ...more }, rules: { Added: [{ add: '/n', from: '/data/amount' }] } });
  const made = (more = {}) => defineSnapshots({ name: 'sum', version: 1, fold: rules(more) });
  const events = [1, 2].map((amount) => ({ type: 'Added', data: { amount } }));
  const lock = await definitionLock(made(), events);
  assert.match(lock.fold ?? '', /^[0-9a-f]{64}$/);
  lock.check(await definitionLock(made(), events));
  (await definitionLock(made({ extra: true }), events)).check(lock);
  const forged = { ...lock, results: [lock.results[0], 'ffffffffffffffff'] };
  assert.throws(() => lock.check(forged), { code: 'diverged', position: 2 });
});

test('where a step waits there is no result yet', async () => {
  const activity = (id: string, what: string) => ({ type: `activity_${what}`, data: { command_id: id, module: 'm', function: 'f', arity: 0 } });
  const events = [activity('a', 'scheduled'), activity('a', 'completed')];
  const lock = await definitionLock(defineSnapshots({ name: 'run', version: 1, fold: journalFold<(typeof events)[number]>() }), events);
  assert.deepEqual(lock.results.map((result) => result === null), [true, false]);
  lock.check(JSON.parse(JSON.stringify(lock)));
});

test('a state that cannot be snapshotted has no lock', async () => {
  await assert.rejects(definitionLock(sums({ evolve: () => ({ sum: (() => 1) as never }) }), added), { code: 'unencodable' });
});
