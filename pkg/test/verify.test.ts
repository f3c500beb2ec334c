/** `verifyOnSeal` of a definition: no snapshot from which the state would come back as another one. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defineSnapshots, everyEvents, memoryStore, type DefinitionOptions } from 'snapfold';
import { lz4 } from 'snapfold/lz4';
import { taken } from './support/carts.js';
import { Log } from './support/log.js';
import { keysIn } from './support/stores.js';

class Money {
  constructor(readonly cents: bigint) {}
}

type Account = { readonly balance: Money };

const exact: DefinitionOptions<Account, bigint, 'number'> = {
  name: 'account',
  version: 1,
  initialState: () => ({ balance: new Money(0n) }),
  evolve: ({ balance }, amount) => ({ balance: new Money(balance.cents + amount) }),
  policy: everyEvents(3),
  toState: ({ balance }) => ({ balance: balance.cents }),
  fromState: ({ balance }: { balance: bigint }) => ({ balance: new Money(balance) }),
  verifyOnSeal: true,
};

/** Forgets the cents. */
const lossy = { ...exact, fromState: ({ balance }: { balance: bigint }) => ({ balance: new Money((balance / 100n) * 100n) }) };

async function snapshot(options: Partial<typeof exact>) {
  const store = memoryStore();
  const repo = await defineSnapshots<Account, bigint>({ ...exact, ...options }).open({
    store,
    events: new Log<bigint>({ ids: true }, [100n, 20n, 3n]),
    observe: () => {},
  });
  return { outcome: await repo.maybeSnapshot(await repo.load('a')), snapshots: await keysIn(store, 'account/a/s/') };
}

test('a state that comes back as it was is written', async () => {
  for (const compression of [{}, { compression: lz4 }]) {
    const { outcome, snapshots } = await snapshot(compression);
    assert.deepEqual([taken(outcome).key], snapshots);
  }
});

test('one that would not is not written, and the outcome says why', async () => {
  const { outcome, snapshots } = await snapshot(lossy);
  assert.ok(outcome.status === 'failed');
  assert.equal(outcome.error.code, 'unencodable');
  assert.match(outcome.reason, /does not give the state back/);
  assert.deepEqual(snapshots, []);
  const { verifyOnSeal: _, ...unverified } = lossy;
  assert.equal((await snapshot({ ...unverified, verifyOnSeal: false })).outcome.status, 'taken');
});

test('a fromState that throws is named', async () => {
  let calls = 0;
  const fromState = (plain: { balance: bigint }): Account => {
    calls += 1;
    if (calls > 1) throw new Error('out of money');
    return { balance: new Money(plain.balance) };
  };
  const { outcome } = await snapshot({ fromState });
  assert.ok(outcome.status === 'failed');
  assert.match(outcome.reason, /does not give the state back: must not throw: out of money \(at fromState\)/);
});

test('the option is a boolean', () => {
  assert.throws(() => defineSnapshots({ ...exact, verifyOnSeal: 'yes' } as never), { code: 'invalidOption', path: 'verifyOnSeal' });
});
