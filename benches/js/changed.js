/**
 * Sealing again after a share of the state has changed: a definition with `immutable` against the same one without, and
 * against JSON, which knows nothing of what it wrote before. The state is replaced as reducers do it: what did not change is shared.
 *
 * Ours is timed through a repository, to the moment at which a store that keeps nothing has the frame.
 */
import { immutable } from '../../pkg/dist/immutable.js';
import { defineSnapshots, never } from '../../pkg/dist/node.js';
import { makeState, SIZES, unitsFor } from './families.js';
import { emit, progress } from './lines.js';
import { median, now } from './measure.js';
import { JSON_SIDES } from './sides.js';

const SHARES = [0.001, 0.01, 0.1, 1];

const { sizes, rounds, warmUpRounds } = JSON.parse(process.argv[2]);
const [json] = JSON_SIDES;

for (const size of sizes) await measureSize(size);

async function measureSize(size) {
  progress(`changed shares, ${size}`);
  const state = makeState('records', unitsFor('records', SIZES[size]));
  for (const share of SHARES) await measureShare(size, share, state);
}

async function measureShare(size, share, start) {
  const big = SIZES[size] > 10_000_000;
  const full = await snapshotter({});
  const incremental = await snapshotter({ immutable });
  const sides = [
    { side: 'full', take: full.take, times: [] },
    { side: 'immutable', take: incremental.take, times: [] },
    { side: 'JSON', take: async (state) => json.seal(state), times: [] },
  ];
  let state = start;
  // The first round has nothing that it could reuse.
  const [unseen, seen] = big ? [1, 3] : [warmUpRounds, rounds];
  for (let round = 0; round < unseen + seen; round++) {
    state = changed(state, share, round);
    for (let turn = 0; turn < sides.length; turn++) {
      const { take, times } = sides[(round + turn) % sides.length];
      globalThis.gc({ type: big ? 'major' : 'minor' });
      const begun = now();
      await take(state);
      if (round >= unseen) times.push(now() - begun);
    }
    if (!full.last().equals(incremental.last())) throw new Error(`the frames differ after ${share} of ${size} changed`);
  }
  for (const { side, times } of sides) emit({ kind: 'changed', size, share, side, ms: median(times) });
}

/** A repository whose events are whole states: taking a snapshot of one is what is timed, and little else. */
async function snapshotter(options) {
  let last;
  const store = { list: () => [], get: () => null, put: (_, frame) => void (last = frame), delete: () => {} };
  const repository = await definition(options).open({ store, events: { read: () => [] } });
  let handle = await repository.load('stream');
  return {
    take: async (state) => {
      const position = (handle.position ?? 0) + 1;
      handle = repository.apply(handle, [{ position, id: `event-${position}`, event: state }]);
      handle = (await repository.snapshot(handle)).handle;
    },
    last: () => Buffer.from(last),
  };
}

function definition(options) {
  return defineSnapshots({
    name: 'changed',
    version: 1,
    initialState: () => ({}),
    evolve: (_, state) => state,
    policy: never(),
    readBack: false, // its store keeps nothing
    maxBytes: '256MiB',
    maxStateBytes: '256MiB',
    snapshotTimeout: '10m',
    clock: () => 0,
    ...options,
  });
}

/** Every so many orders another one, beginning with another in each round. */
function changed({ orders }, share, round) {
  const step = Math.round(1 / share);
  const next = orders.slice();
  for (let i = round % step; i < next.length; i += step) next[i] = { ...next[i], total: next[i].total + 1 };
  return { orders: next };
}
