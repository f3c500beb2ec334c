/** Frames: seal, open, inspect. Pure and synchronous; the head is made and judged by the core, the payload never enters it. */
import { ask, calling, core, sha256 } from './core.js';
import { DEFAULTS } from './defaults.js';
import { describe, SnapshotError } from './error.js';
import { invalidOption, knownOptions, nonEmptyText, positiveInteger, table } from './options.js';
import { bigintPositions, type PositionInput } from './position.js';
import { decode } from './value/decode.js';
import { encode, encoding } from './value/encode.js';
import { isBytes, sameBytes } from './value/bytes.js';

/** What a caller states of a snapshot. */
export interface HeaderInput {
  readonly name: string;
  readonly version: number;
  readonly streamId: string;
  /** Position of the last folded event, inclusive. */
  readonly position: PositionInput;
  /** How many events are folded in, 1 or more. */
  readonly eventCount: PositionInput;
  /** Identity of the last folded event: its id, or 32 bytes of SHA-256. */
  readonly anchor?: string | Uint8Array;
  /** Milliseconds since 1970. */
  readonly takenAt?: number;
  /** A token that grows with each owner of the stream. */
  readonly fence?: PositionInput;
  /** Metadata of the host. */
  readonly meta?: Readonly<Record<string, unknown>>;
}

/** A verified header. Numbers beyond 2^53 − 1 arrive as bigint. */
export interface Header {
  readonly name: string;
  readonly version: number;
  readonly streamId: string;
  readonly position: number | bigint;
  readonly eventCount: number | bigint;
  readonly anchor?: string | Uint8Array;
  readonly takenAt?: number;
  readonly fence?: number | bigint;
  readonly meta?: Readonly<Record<string, unknown>>;
  readonly payload: PayloadFacts;
}

/** What a header says of the payload behind it. */
export interface PayloadFacts {
  /** Media type of a payload in the host's own format; absent for a value of docs/format.md §1. */
  readonly mediaType?: string;
  /** Bytes. */
  readonly bytes: number;
  /** SHA-256 of the payload. */
  readonly digest: Uint8Array;
}

/** What a frame must be to be used; what is absent is not compared. */
export interface Expect {
  readonly name?: string;
  readonly streamId?: string;
  readonly position?: PositionInput;
  readonly version?: number;
  /** Other versions that a migration starts from. */
  readonly migratable?: readonly number[];
  /** The largest state that is read, in bytes. */
  readonly maxStateBytes?: number;
}

export interface SealOptions {
  /** The state is a Uint8Array in the host's own format, of this media type, and passes through untouched. */
  readonly mediaType?: string;
}

const HEADER_FIELDS = ['name', 'version', 'streamId', 'position', 'eventCount', 'anchor', 'takenAt', 'fence', 'meta'];
const EXPECTATIONS = ['name', 'streamId', 'position', 'version', 'migratable', 'maxStateBytes'];

interface Inspection {
  readonly header: Omit<Header, 'payload'>;
  readonly payload: PayloadFacts;
  readonly offset: number;
}

/** Makes a frame: encodes the state, hashes it once, puts the head in front. Linear in the state. */
export function seal(header: HeaderInput, state: unknown, options: SealOptions = {}): Uint8Array {
  knownOptions('seal', options, ['mediaType']);
  const { mediaType } = options;
  if (mediaType === undefined) return encoding(state, {}, (pieces) => sealPayload(header, pieces)).frame;
  if (!isBytes(state)) {
    throw new SnapshotError('invalidOption', 'with a media type the state must be a Uint8Array', { path: 'state' });
  }
  return sealPayload(header, [state], mediaType).frame;
}

/** Verifies a frame and reads its state; throws a {@link SnapshotError} with the verdict as code. */
export function open<State = unknown>(frame: Uint8Array, expect: Expect = {}): { header: Header; state: State } {
  const { header, payload } = openPayload(frame, expect);
  if (header.payload.mediaType !== undefined) return { header, state: payload.slice() as State };
  return { header, state: decodePayload(payload) as State };
}

/** Verifies and reads the header alone; of a frame only the first kilobytes are touched. */
export function inspect(frame: Uint8Array, expect: Expect = {}): Header {
  return inspectFrame(frame, expect).header;
}

/** A frame and the facts about its payload, for those who already hold the encoded state, in one piece or several. */
export function sealPayload(
  header: HeaderInput,
  payload: readonly Uint8Array[],
  mediaType?: string,
): { frame: Uint8Array; facts: PayloadFacts } {
  const [only] = payload.length === 1 ? payload : [];
  const bytes = payload.reduce((sum, { length }) => sum + length, 0);
  const factsOf = (digest: Uint8Array): PayloadFacts => ({ bytes, digest, ...(mediaType === undefined ? {} : { mediaType }) });
  let facts = factsOf(only === undefined ? ANY_DIGEST : sha256(only));
  let head = headOf(header, facts);
  const frame = new Uint8Array(head.length + bytes);
  let at = head.length;
  for (const piece of payload) {
    frame.set(piece, at);
    at += piece.length;
  }
  if (only === undefined) {
    // All digests are of one length, so that the payload lies where it belongs already: one copy of it is enough.
    facts = factsOf(sha256(frame.subarray(head.length)));
    head = headOf(header, facts);
  }
  frame.set(head);
  return { frame, facts };
}

const ANY_DIGEST = new Uint8Array(32);

function headOf(header: HeaderInput, payload: PayloadFacts): Uint8Array {
  const question = encode({ header: headerToCore(header), payload }, { thorough: header.meta !== undefined });
  return calling(() => core().frameHead(question));
}

/** A verified frame whose payload (a view into it) is not decoded yet. */
export function openPayload(frame: Uint8Array, expect: Expect): { header: Header; payload: Uint8Array } {
  const { header, offset } = inspectFrame(frame, expect);
  const payload = frame.subarray(offset);
  if (!sameBytes(sha256(payload), header.payload.digest)) {
    throw new SnapshotError('corrupt', 'the payload digest differs: bytes of the state were changed; take the snapshot again', {
      offset,
    });
  }
  return { header, payload };
}

/** The state in a verified payload; `corrupt` if it is not a value of docs/format.md §1. */
export function decodePayload(payload: Uint8Array): unknown {
  try {
    return decode(payload);
  } catch (error) {
    throw new SnapshotError('corrupt', `the payload is not a value: ${describe(error)}`, { cause: error });
  }
}

/** The header as the core takes it: only what is stated, positions exact. */
export function headerToCore(header: HeaderInput): Record<string, unknown> {
  knownOptions('header', header, HEADER_FIELDS);
  const { name, version, streamId, position, eventCount, anchor, takenAt, fence, meta } = header;
  if (anchor !== undefined && !(typeof anchor === 'string' ? anchor.isWellFormed() : isBytes(anchor) && anchor.length === 32)) {
    throw invalidOption('header.anchor', anchor, 'must be text without lone surrogates, or 32 bytes');
  }
  if (takenAt !== undefined && !Number.isSafeInteger(takenAt)) {
    throw invalidOption('header.takenAt', takenAt, 'must be whole milliseconds since 1970');
  }
  if (meta !== undefined) table('header.meta', meta);
  return {
    name: nonEmptyText('header.name', name),
    version: positiveInteger('header.version', version, { bits: 32 }),
    streamId: nonEmptyText('header.streamId', streamId),
    position: bigintPositions.parse(position, 'header.position'),
    eventCount: bigintPositions.parse(eventCount, 'header.eventCount'),
    ...(anchor === undefined ? {} : { anchor }),
    ...(takenAt === undefined ? {} : { takenAt }),
    ...(fence === undefined ? {} : { fence: bigintPositions.parse(fence, 'header.fence') }),
    ...(meta === undefined ? {} : { meta }),
  };
}

function inspectFrame(frame: Uint8Array, expect: Expect): { header: Header; offset: number } {
  if (!isBytes(frame)) {
    throw new SnapshotError('invalidOption', 'a frame is a Uint8Array', { path: 'frame' });
  }
  knownOptions('expect', expect, EXPECTATIONS);
  const { position, ...wanted } = expect;
  const head = frame.subarray(0, core().maxHeadBytes());
  const { header, payload, offset } = ask<Inspection>((question) => core().inspectHead(head, frame.length, question), {
    maxStateBytes: DEFAULTS.maxStateBytes,
    ...Object.fromEntries(Object.entries(wanted).filter(([, value]) => value !== undefined)),
    ...(position === undefined ? {} : { position: bigintPositions.parse(position, 'expect.position') }),
  });
  return { header: { ...header, payload }, offset };
}
