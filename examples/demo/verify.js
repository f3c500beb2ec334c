// @ts-check
/** The proof: each stream from snapshot + tail and from zero, compared byte for byte, with the time of both. */
import { encode, firstDifference } from './snapfold.js';

/** Short streams are measured often, long ones until it takes too long. */
const RUNS = { least: 3, most: 25, milliseconds: 250 };

/** @typedef {import('./snapfold.js').Repository<unknown, unknown, number>} Repository */

/**
 * Durations are in milliseconds and hold everything: SQLite's reads, verification, decoding, folding.
 * @typedef {object} Verification
 * @property {string} stream
 * @property {number} events
 * @property {boolean} fromSnapshot
 * @property {number} replayed Events folded after the snapshot.
 * @property {number} restoreTime
 * @property {number} replayTime
 * @property {string | undefined} difference Where the states first differ; absent if they are equal.
 */

/**
 * Restores and replays one stream.
 * @param {Repository} repository One that has not seen the stream yet.
 * @param {string} stream
 * @returns {Promise<Verification>}
 */
export async function verifyStream(repository, stream) {
  const [restored, restoreTime] = await timed(() => repository.load(stream));
  const [replayed, replayTime] = await timed(() => repository.load(stream, { useSnapshots: false }));
  return {
    stream,
    events: replayed.eventCount,
    fromSnapshot: restored.source === 'snapshot',
    replayed: restored.replayed,
    restoreTime,
    replayTime,
    difference: differenceOf(restored, replayed),
  };
}

/**
 * The same verification, its durations replaced by the median of several runs.
 * @param {Repository} repository
 * @param {Verification} verification
 * @returns {Promise<Verification>}
 */
export async function measured(repository, verification) {
  const restores = [];
  const replays = [];
  for (let spent = 0; restores.length < RUNS.least || (restores.length < RUNS.most && spent < RUNS.milliseconds); ) {
    const { restoreTime, replayTime } = await verifyStream(repository, verification.stream);
    restores.push(restoreTime);
    replays.push(replayTime);
    spent += restoreTime + replayTime;
  }
  return { ...verification, restoreTime: median(restores), replayTime: median(replays) };
}

/**
 * The length from which a stream is restored faster than it is replayed.
 * @param {Pick<Verification, 'events' | 'restoreTime' | 'replayTime'>} verification
 */
export function breakEven({ events, restoreTime, replayTime }) {
  return restoreTime / (replayTime / events);
}

/**
 * The last line, and whether all is well.
 * @param {readonly Verification[]} verifications
 * @param {number} events
 */
export function verdict(verifications, events) {
  const differing = verifications.filter(({ difference }) => difference !== undefined);
  const [first] = differing;
  const grouped = (/** @type {number} */ number) => number.toLocaleString('en');
  if (first === undefined) {
    const text = `verified: ${grouped(verifications.length)} streams, ${grouped(events)} events, snapshot + tail = full replay`;
    return { verified: true, text };
  }
  const count = `${grouped(differing.length)} of ${grouped(verifications.length)} streams differ`;
  const where = `the first is ${JSON.stringify(first.stream)}, at ${first.difference}`;
  return { verified: false, text: `NOT verified: ${count} between snapshot + tail and full replay; ${where}` };
}

/**
 * @param {import('./snapfold.js').Handle<unknown, number>} restored
 * @param {import('./snapfold.js').Handle<unknown, number>} replayed
 */
function differenceOf(restored, replayed) {
  for (const name of /** @type {const} */ (['position', 'eventCount'])) {
    if (restored[name] !== replayed[name]) return `${name}: ${restored[name]}, not ${replayed[name]}`;
  }
  if (Buffer.compare(encode(restored.state), encode(replayed.state)) === 0) return undefined;
  return firstDifference(restored.state, replayed.state) ?? 'the encoded bytes';
}

/**
 * @template T
 * @param {() => Promise<T>} work
 * @returns {Promise<[T, number]>}
 */
async function timed(work) {
  const began = performance.now();
  const result = await work();
  return [result, performance.now() - began];
}

/** @param {number[]} numbers */
function median(numbers) {
  return /** @type {number} */ (numbers.sort((a, b) => a - b)[numbers.length >> 1]);
}
