/** Heads of frames: what is stated of a snapshot, checked, and how it crosses to the core. The twin of src/bindings/frames.rs. */
import { ask, askBytes } from './core.js';
import * as Operation from './operations.js';
import { DEFAULTS } from './defaults.js';
import { SnapshotError } from './error.js';
import { invalidOption, knownOptions, nonEmptyText, positiveInteger, table } from './options.js';
import { bigintPositions, type PositionInput } from './position.js';
import { signingKeys, type SigningKey } from './signing.js';
import { isBytes } from './value/bytes.js';
import { decode } from './value/decode.js';
import { encode } from './value/encode.js';

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
  /** The lowest reader revision that may use the frame; 1, which is this one, where it is left out. */
  readonly floor?: number;
  /** A token that grows with each owner of the stream. */
  readonly fence?: PositionInput;
  /** Digest of the built-in fold that made the state, 32 bytes; absent for a fold of the host's own. */
  readonly foldDigest?: Uint8Array;
  /** Commits to all folded events, 32 bytes; docs/format.md §2.6. */
  readonly commitment?: Uint8Array;
  /** Types of the events that the writer's fold understands. */
  readonly knows?: readonly string[];
  /** Metadata of the host, at most 255 levels deep. */
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
  readonly floor?: number;
  readonly fence?: number | bigint;
  readonly foldDigest?: Uint8Array;
  readonly commitment?: Uint8Array;
  readonly knows?: readonly string[];
  readonly meta?: Readonly<Record<string, unknown>>;
  readonly payload: PayloadFacts;
  /** The key that signed the frame. */
  readonly keyId?: string;
}

/** What a header says of the state behind it, however it is stored: equal digests, equal states. */
export interface PayloadFacts {
  /** Media type of a payload in the host's own format; absent for a value of docs/format.md §1. */
  readonly mediaType?: string;
  /** Bytes of the state. */
  readonly bytes: number;
  /** SHA-256 of the state. */
  readonly digest: Uint8Array;
  /** What lies in the frame instead, if the state is compressed. */
  readonly stored?: { readonly compression: 'lz4'; readonly bytes: number; readonly digest: Uint8Array };
}

/** What a frame must be to be used; what is absent is not compared. */
export interface Expect {
  readonly name?: string;
  readonly streamId?: string;
  readonly position?: PositionInput;
  readonly version?: number;
  /**
   * Digest of the built-in fold. Absent beside a version: of no built-in fold; absent without one: of frames that have it only headers are
   * read.
   */
  readonly foldDigest?: Uint8Array;
  /** Other versions that a migration starts from. */
  readonly migratable?: readonly number[];
  /** Event types that the reader's fold understands: a frame whose writer understood another one is `tooNew`. */
  readonly knows?: readonly string[];
  /** The largest state that is read, in bytes, before compression. */
  readonly maxStateBytes?: number;
  /** Keys of which one must have signed the frame. Without them only frames that are not signed are read. */
  readonly keys?: readonly SigningKey[];
}

const HEADER_FIELDS = ['name', 'version', 'streamId', 'position', 'eventCount', 'anchor', 'takenAt', 'floor', 'fence', 'foldDigest', 'commitment', 'knows', 'meta'];
const EXPECTATIONS = ['name', 'streamId', 'position', 'version', 'foldDigest', 'migratable', 'knows', 'maxStateBytes', 'keys'];

/** Everything in front of a payload. */
export function makeHead(header: HeaderInput, facts: PayloadFacts, key: SigningKey | undefined): Uint8Array {
  const { name, version, streamId, position, eventCount, anchor, takenAt, floor, fence, foldDigest, commitment, knows } = checkHeader(header);
  const { mediaType, bytes, digest, stored } = facts;
  return askBytes(Operation.FrameHead, [
    name, version, streamId, position, eventCount, anchor ?? null, takenAt ?? null, floor ?? null, fence ?? null, foldDigest ?? null,
    commitment ?? null, knows ?? [], encodeMeta(header) ?? null, mediaType ?? null, bytes, digest, stored === undefined ? null : [stored.bytes, stored.digest],
    key === undefined ? null : [key.id, key.secret],
  ]);
}

/** The verified header of a frame, and where its payload begins. */
export function readHead(frame: Uint8Array, expect: Expect): { header: Header; offset: number } {
  if (!isBytes(frame)) throw new SnapshotError('invalidOption', 'a frame is a Uint8Array', { path: 'frame' });
  return readAnswer(ask(Operation.InspectHead, [headOf(frame), frame.length, ...expectations(expect)]));
}

/** What plans need of a header: whose state it is, and where it stands. */
export function headerForPlans(header: HeaderInput): Record<string, unknown> {
  return checkHeader(header);
}

type Optional<T> = T | null;

type Answer = [
  name: string, version: number, streamId: string, position: number | bigint, eventCount: number | bigint,
  anchor: Optional<string | Uint8Array>, takenAt: Optional<number>, floor: Optional<number>, fence: Optional<number | bigint>,
  foldDigest: Optional<Uint8Array>, commitment: Optional<Uint8Array>, knows: string[], meta: Optional<Uint8Array>, mediaType: Optional<string>, bytes: number, digest: Uint8Array, stored: Optional<[number, Uint8Array]>,
  keyId: Optional<string>, offset: number,
];

function readAnswer(answer: Answer): { header: Header; offset: number } {
  const [
    name, version, streamId, position, eventCount, anchor, takenAt, floor, fence, foldDigest, commitment, knows, meta, mediaType, bytes, digest, stored,
    keyId, offset,
  ] = answer;
  const payload: PayloadFacts = {
    ...(mediaType === null ? {} : { mediaType }),
    bytes,
    digest,
    ...(stored === null ? {} : { stored: { compression: 'lz4', bytes: stored[0], digest: stored[1] } }),
  };
  const header: Header = {
    name,
    version,
    streamId,
    position,
    eventCount,
    ...(anchor === null ? {} : { anchor }),
    ...(takenAt === null ? {} : { takenAt }),
    ...(floor === null ? {} : { floor }),
    ...(fence === null ? {} : { fence }),
    ...(foldDigest === null ? {} : { foldDigest }),
    ...(commitment === null ? {} : { commitment }),
    ...(knows.length === 0 ? {} : { knows }),
    ...(meta === null ? {} : { meta: decode(meta) as Record<string, unknown> }),
    payload,
    ...(keyId === null ? {} : { keyId }),
  };
  return { header, offset };
}

/** No more than the head crosses. It says at byte 10 how long the header is, at most 64 KiB; 46 bytes stand around it (docs/format.md §2). */
function headOf(frame: Uint8Array): Uint8Array {
  const [a = 0, b = 0, c = 0, d = 0] = frame.subarray(10, 14);
  return frame.subarray(0, 46 + Math.min(a * 2 ** 24 + (b << 16) + (c << 8) + d, 2 ** 16));
}

/** What is stated, exact, without metadata. */
function checkHeader(header: HeaderInput) {
  knownOptions('header', header, HEADER_FIELDS);
  const { name, version, streamId, position, eventCount, anchor, takenAt, floor, fence, foldDigest, commitment, knows } = header;
  if (anchor !== undefined && !(typeof anchor === 'string' ? anchor.isWellFormed() : isDigest(anchor))) {
    throw invalidOption('header.anchor', anchor, 'must be text without lone surrogates, or 32 bytes');
  }
  if (takenAt !== undefined && !Number.isSafeInteger(takenAt)) {
    throw invalidOption('header.takenAt', takenAt, 'must be whole milliseconds since 1970');
  }
  return {
    name: nonEmptyText('header.name', name),
    version: positiveInteger('header.version', version, { bits: 32 }),
    streamId: nonEmptyText('header.streamId', streamId),
    position: exact('header.position', position),
    eventCount: exact('header.eventCount', eventCount),
    ...(anchor === undefined ? {} : { anchor }),
    ...(takenAt === undefined ? {} : { takenAt }),
    ...(floor === undefined ? {} : { floor: positiveInteger('header.floor', floor, { bits: 32 }) }),
    ...(fence === undefined ? {} : { fence: exact('header.fence', fence) }),
    ...(foldDigest === undefined ? {} : { foldDigest: digestOption('header.foldDigest', foldDigest) }),
    ...(commitment === undefined ? {} : { commitment: digestOption('header.commitment', commitment) }),
    ...(knows === undefined ? {} : { knows: eventTypes('header.knows', knows) }),
  };
}

function encodeMeta({ meta }: HeaderInput): Uint8Array | undefined {
  if (meta === undefined) return undefined;
  table('header.meta', meta);
  return encode(meta, { root: 'header.meta', thorough: true });
}

function expectations(expect: Expect): unknown[] {
  knownOptions('expect', expect, EXPECTATIONS);
  const { name, streamId, position, version, foldDigest, migratable = [], knows = [], maxStateBytes = DEFAULTS.maxStateBytes, keys } = expect;
  return [
    name === undefined ? null : nonEmptyText('expect.name', name),
    streamId === undefined ? null : nonEmptyText('expect.streamId', streamId),
    position === undefined ? null : exact('expect.position', position),
    version === undefined ? null : positiveInteger('expect.version', version, { bits: 32 }),
    foldDigest === undefined ? null : digestOption('expect.foldDigest', foldDigest),
    positiveInteger('expect.maxStateBytes', maxStateBytes),
    migratable.map((from) => positiveInteger('expect.migratable', from, { bits: 32 })),
    eventTypes('expect.knows', knows),
    signingKeys('expect.keys', keys).map(({ id, secret }) => [id, secret]),
  ];
}

export function eventTypes(option: string, types: unknown): string[] {
  if (Array.isArray(types)) return types.map((type) => nonEmptyText(option, type));
  throw invalidOption(option, types, 'must be an array of event types');
}

export function digestOption(option: string, digest: unknown): Uint8Array {
  if (isDigest(digest)) return digest;
  throw invalidOption(option, digest, 'must be 32 bytes');
}

function isDigest(bytes: unknown): bytes is Uint8Array {
  return isBytes(bytes) && bytes.length === 32;
}

/** A number where it is exact: the shorter form of an integer. */
export function exact(option: string, position: PositionInput): number | bigint {
  if (typeof position === 'number' && Number.isSafeInteger(position) && position >= 0) return position + 0; // −0 too
  const big = bigintPositions.parse(position, option);
  return big <= Number.MAX_SAFE_INTEGER ? Number(big) : big;
}
