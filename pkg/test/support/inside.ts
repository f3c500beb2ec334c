/** What runs inside other runtimes: the suite, and a repository on the store. Nothing of Node's is used. */
import { defineSnapshots, everyEvents, type EventRow, type SnapshotStore } from 'snapfold';
import { storeConformance, type ConformanceOptions } from 'snapfold/testing';

export interface Said {
  readonly passed: string[];
  readonly failed: string[];
}

export const LIVES = 'a repository lives on it';

/** The names of the checks that passed, and what is wrong where one failed. */
export async function checked(makeStore: () => SnapshotStore | Promise<SnapshotStore>, options: ConformanceOptions = {}): Promise<Said> {
  const said: Said = { passed: [], failed: [] };
  const checks = [...storeConformance(makeStore, options), { name: LIVES, run: async () => livesOn(await makeStore()) }];
  for (const { name, run } of checks) {
    await run().then(
      () => said.passed.push(name),
      (error: unknown) => said.failed.push(`${name}: ${String(error)}`),
    );
  }
  return said;
}

const sums = defineSnapshots<{ sum: bigint }, { plus: number }>({
  name: 'sum',
  version: 1,
  initialState: () => ({ sum: 0n }),
  evolve: ({ sum }, { plus }) => ({ sum: sum + BigInt(plus) }),
  policy: everyEvents(3),
});

async function livesOn(store: SnapshotStore): Promise<void> {
  const rows: EventRow<{ plus: number }>[] = [];
  const events = { history: 'complete' as const, read: (_: string, { from = 0, limit }: { from?: number; limit: number }) => rows.filter(({ position }) => Number(position) >= from).slice(0, limit) };
  const repo = await sums.open({ store, events });
  let handle = await repo.load('sum-1');
  for (let position = 1; position <= 10; position += 1) {
    const row = { position, id: `event-${position}`, event: { plus: position } };
    rows.push(row);
    handle = (await repo.maybeSnapshot(repo.apply(handle, row))).handle;
  }
  const again = await (await sums.open({ store, events })).load('sum-1');
  const found = [again.source, again.restoredFrom, again.state.sum, again.rejected.length].join();
  if (found !== 'snapshot,9,55,0') throw new Error(found);
  const kept = await store.list('sum/', { limit: 9 });
  if (kept.length !== (store.listing === 'eventual' ? 3 : 2)) throw new Error(`kept ${kept.join()}`);
}

/** Code and beginning of the message that `work` rejects with. */
export async function refusal(work: () => unknown): Promise<string> {
  try {
    await work();
    return 'nothing was refused';
  } catch (error) {
    const { code, message } = error as { readonly code?: string; readonly message?: string };
    return `${code}: ${message}`;
  }
}
