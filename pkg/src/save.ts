/** The driver of a save: encodes once, then performs the steps that the core names. */
import { FoldedState } from './built-in.js';
import { ask, fromCore, type CoreError } from './core.js';
import * as Operation from './operations.js';
import type { Settings } from './definition.js';
import { describe, SnapshotError, type ErrorCode } from './error.js';
import { decodePayload, openPayload, sealPayload, verifySealed, type SealedPayload } from './frame.js';
import type { Handle, Internals } from './handle.js';
import { headerForPlans, type HeaderInput, type PayloadFacts } from './head.js';
import { checkPlain, expected } from './load.js';
import { hosted } from './options.js';
import { toCore, type Position } from './position.js';
import { anchorIdentity } from './progress.js';
import type { BoundedStore } from './bounded-store.js';
import type { SnapshotMeta } from './store.js';
import type { Attempt } from './streams.js';
import { decode } from './value/decode.js';
import { encode, encoding } from './value/encode.js';
import type { RememberedStates } from './value/remembered.js';
import type { Use } from './value/writer.js';

/** An encoded snapshot, ready to be written. */
export interface Sealed {
  readonly header: HeaderInput & { readonly position: Position; readonly eventCount: number };
  readonly facts: PayloadFacts;
  readonly frame: Uint8Array;
}

/** How a save ended. */
export type SaveResult =
  | { readonly status: 'taken'; readonly key: string; readonly deleted: readonly string[]; readonly deleteError: SnapshotError | undefined }
  | { readonly status: 'alreadyCovered'; readonly key: string }
  | { readonly status: 'forgotten' }
  | { readonly status: 'failed'; readonly error: SnapshotError };

type Step =
  | { do: 'list'; prefix: string; limit: number }
  | { do: 'open' | 'verify'; key: string; position: number | bigint }
  | { do: 'put'; key: string; ifAbsent: boolean }
  | { do: 'get'; key: string }
  | { do: 'delete'; keys: string[]; coveredBy: string }
  | { do: 'done'; result: CoreResult };

type CoreResult =
  | { status: 'taken'; key: string; deleted: string[]; deleteError: CoreError | null }
  | { status: 'alreadyCovered'; key: string }
  | { status: 'forgotten' }
  | { status: 'failed'; error: CoreError };

/** Encodes the state of a handle, synchronously: what is written is the state as it is now. With `remembered`, the parts that are new. */
export function sealHandle<State, Event, P extends Position>(
  settings: Settings<State, Event, P>,
  handle: Handle<State, P>,
  inside: Internals<P>,
  remembered: RememberedStates | undefined,
): Sealed {
  if (handle.position === null) throw new SnapshotError('invalidOption', 'nothing is folded yet; there is nothing to snapshot');
  const anchor = anchorIdentity(inside.anchor);
  const header = {
    name: settings.name,
    version: settings.version,
    streamId: handle.streamId,
    position: handle.position,
    eventCount: handle.eventCount,
    takenAt: settings.clock(),
    ...(anchor === undefined ? {} : { anchor }),
    ...(settings.fold === undefined ? {} : { foldDigest: settings.fold.digest }),
    ...(inside.commitment === undefined ? {} : { commitment: inside.commitment }),
    ...(handle.fence === null ? {} : { fence: handle.fence }),
    ...(settings.knows === undefined ? {} : { knows: [...settings.knows] }),
  };
  const options = { thorough: settings.development, unshared: settings.mutable };
  const use: Use<SealedPayload> = (payload, bytes) => {
    if (bytes <= settings.maxStateBytes) return sealPayload(header, payload, settings);
    throw new SnapshotError('tooLarge', `the state is ${bytes} bytes, maxStateBytes is ${settings.maxStateBytes}; keep less in the state, or raise it`);
  };
  const sealed = sealState(settings, inside.state as State | FoldedState, use, (plain) =>
    remembered === undefined ? encoding(plain, options, use) : remembered.encoding(handle.streamId, plain, use),
  );
  if (settings.verifyOnSeal) verifySealed(sealed, settings, (opened) => encode(plainAgain(settings, decodePayload(opened)), options));
  return { header, ...sealed };
}

/** The state of a built-in fold is encoded already. */
function sealState<State, Event, P extends Position>(
  settings: Settings<State, Event, P>,
  state: State | FoldedState,
  use: Use<SealedPayload>,
  encodeAndUse: (plain: unknown) => SealedPayload,
): SealedPayload {
  if (state instanceof FoldedState) {
    if (settings.validate !== undefined) checkPlain(settings, state.value);
    return use([state.bytes], state.bytes.length);
  }
  const plain = hosted('toState', 'unencodable', () => settings.toState(state));
  checkPlain(settings, plain);
  return encodeAndUse(plain);
}

/** What a later save would write of a state that was restored from `plain`. */
export function plainAgain<State, Event, P extends Position>({ toState, fromState }: Settings<State, Event, P>, plain: unknown): unknown {
  const state = hosted('fromState', 'invalid', () => fromState(plain));
  return hosted('toState', 'unencodable', () => toState(state));
}

/** The time that a save and what belongs to it have together. */
export class Deadline {
  readonly #end: number;

  constructor(millis: number) {
    this.#end = performance.now() + millis;
  }

  /** Milliseconds left, at least 1. */
  get left(): number {
    return Math.max(1, this.#end - performance.now());
  }
}

/** Writes a sealed snapshot and prunes behind it. Throws only for defects, never for what the store does. */
export async function save<State, Event, P extends Position>(
  settings: Settings<State, Event, P>,
  store: BoundedStore,
  sealed: Sealed,
  deadline: Deadline,
  { rejected, source, restoredFrom }: Handle<State, P>,
  clearAttempt: boolean,
): Promise<SaveResult> {
  const request = {
    header: headerForPlans(sealed.header),
    payload: sealed.facts,
    frameBytes: sealed.frame.length,
    maxBytes: Math.min(settings.maxBytes, store.maxValueBytes ?? settings.maxBytes),
    keep: settings.keep,
    readBack: settings.readBack,
    vouched: source === 'snapshot' && restoredFrom !== null ? toCore(restoredFrom) : null,
    distrusted: rejected.map(({ key, code }) => ({ key, code })),
    listing: store.listing,
    ifAbsent: store.exclusive,
    clearAttempt,
  };
  const facts: unknown[] = [];
  let cause: unknown;
  for (;;) {
    const step = ask<Step>(Operation.NextSave, { request, facts });
    if (step.do === 'done') return fromResult(step.result, cause);
    const fact = perform(settings, store, sealed, step, deadline.left).catch((error: unknown) => {
      cause = error;
      return failure(step, error);
    });
    facts.push(await fact);
  }
}

/** Leaves a marker of a failed attempt in the store, so that hosts that live one request long are damped too. */
export async function markAttempt<State, Event, P extends Position>(
  settings: Settings<State, Event, P>,
  store: BoundedStore,
  streamId: string,
  { events, at, failures, tailBytes }: Attempt,
  code: ErrorCode,
  deadline: Deadline,
): Promise<void> {
  const marker = encode({ eventCount: events, failures, at: at ?? null, tailBytes, code });
  const [key, tombstone] = markerKeys(settings, streamId);
  await store.put(key, marker, undefined, deadline.left);
  // Its key holds the stream id, which must not come back once the stream is forgotten.
  if ((await store.get(tombstone, deadline.left)) !== undefined) await store.delete([key], deadline.left);
}

/** Reads the marker; undefined if there is none, or none that can be read. */
export async function readAttempt<State, Event, P extends Position>(
  settings: Settings<State, Event, P>,
  store: BoundedStore,
  streamId: string,
): Promise<Attempt | undefined> {
  const [key] = markerKeys(settings, streamId);
  const bytes = await store.get(key, settings.snapshotTimeout);
  return bytes === undefined ? undefined : parseAttempt(bytes);
}

/** Of the marker that a failed attempt leaves, and of what is left of a stream that was forgotten. */
function markerKeys<State, Event, P extends Position>({ name, fold, version }: Settings<State, Event, P>, streamId: string): [string, string] {
  return ask(Operation.MarkerKeys, [name, streamId, fold?.digest ?? version]);
}

function parseAttempt(bytes: Uint8Array): Attempt | undefined {
  try {
    const { eventCount, failures, at, tailBytes } = decode(bytes) as Record<string, unknown>;
    if (!isCount(eventCount) || !isCount(failures)) return undefined;
    return {
      events: eventCount,
      failures,
      at: Number.isSafeInteger(at) ? (at as number) : undefined,
      tailBytes: isCount(tailBytes) ? tailBytes : 0,
    };
  } catch {
    return undefined;
  }
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** The fact that answers `step`. */
async function perform<State, Event, P extends Position>(
  settings: Settings<State, Event, P>,
  store: BoundedStore,
  sealed: Sealed,
  step: Exclude<Step, { do: 'done' }>,
  millis: number,
): Promise<unknown> {
  switch (step.do) {
    case 'list':
      return { listed: { keys: await store.list(step.prefix, null, step.limit, millis) } };
    case 'open':
    case 'verify': {
      const bytes = await store.get(step.key, millis);
      return judge(settings, sealed.header.streamId, step.position, bytes);
    }
    case 'put':
      return (await store.put(step.key, sealed.frame, metaOf(sealed), millis, step.ifAbsent)) ? 'stored' : 'occupied';
    case 'get':
      return { found: { there: (await store.get(step.key, millis)) !== undefined } };
    case 'delete':
      await store.delete(step.keys, millis);
      return 'stored';
  }
}

function judge<State, Event, P extends Position>(
  settings: Settings<State, Event, P>,
  streamId: string,
  position: number | bigint,
  bytes: Uint8Array | undefined,
): unknown {
  if (bytes === undefined) return { rejected: { code: 'absent' } };
  try {
    const { header } = openPayload(bytes, expected(settings, streamId, position));
    return { opened: { digest: header.payload.digest, anchor: header.anchor ?? null, fence: header.fence ?? null } };
  } catch (error) {
    if (!SnapshotError.is(error)) throw error;
    return { rejected: { code: error.code } };
  }
}

function failure(step: Step, error: unknown): unknown {
  const timeout = SnapshotError.is(error) && error.code === 'timeout';
  const method = 'position' in step ? 'get' : step.do;
  return { failed: { code: timeout ? 'timeout' : 'storeFailed', message: `store.${method} failed: ${describe(error)}` } };
}

function metaOf({ header, facts }: Sealed): SnapshotMeta {
  return {
    name: header.name,
    version: header.version,
    streamId: header.streamId,
    position: header.position,
    eventCount: header.eventCount,
    takenAt: header.takenAt ?? null,
    stateBytes: facts.bytes,
  };
}

/** What the store threw stays with the error as its cause. */
function fromResult(result: CoreResult, cause: unknown): SaveResult {
  switch (result.status) {
    case 'taken': {
      const { deleteError } = result;
      return { ...result, deleteError: deleteError === null ? undefined : asError(deleteError, cause) };
    }
    case 'alreadyCovered':
    case 'forgotten':
      return result;
    case 'failed':
      return { status: 'failed', error: asError(result.error, cause) };
  }
}

function asError(error: CoreError, cause: unknown): SnapshotError {
  const parsed = fromCore(error);
  return cause === undefined ? parsed : new SnapshotError(parsed.code, parsed.message, { cause });
}
