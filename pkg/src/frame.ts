/** Frames: seal, open, inspect. Pure and synchronous; the core makes and judges heads, payloads never lie in its memory as a whole. */
import { answered, sha256, withScratch } from './core.js';
import { describe, SnapshotError } from './error.js';
import { makeHead, readHead, type Expect, type Header, type HeaderInput, type PayloadFacts } from './head.js';
import { invalidOption, knownOptions, oneOf } from './options.js';
import { signingKeys, type SigningKey } from './signing.js';
import { isBytes, sameBytes } from './value/bytes.js';
import { decode } from './value/decode.js';
import { encode, encoding } from './value/encode.js';
import { joined, sizeOf } from './value/writer.js';

export interface SealOptions {
  /** The state is a Uint8Array in the host's own format, of this media type, and passes through untouched. */
  readonly mediaType?: string;
  /** `lz4` of `snapfold/lz4`: the state is compressed where that pays. Default: it is not. */
  readonly compression?: Compression;
  /** Keys of the host, of which the first one signs. Default: not signed. */
  readonly keys?: readonly SigningKey[];
  /** Opens what was just sealed, decodes and encodes it again, and throws if that gives another digest. Costs about as much as sealing. */
  readonly verifyOnSeal?: boolean;
}

/** How payloads are compressed; there is one, `lz4` of `snapfold/lz4`. */
export interface Compression {
  /** The payload as an LZ4 frame by docs/format.md §2.4; undefined if that does not pay. */
  compress(payload: Uint8Array): Uint8Array | undefined;
}

export function compressionOption(compression: Compression | undefined): Compression | undefined {
  if (compression === undefined || typeof compression.compress === 'function') return compression;
  throw invalidOption('compression', compression, 'must be lz4 of snapfold/lz4');
}

/** How a payload is sealed. */
export interface Sealing {
  readonly mediaType?: string;
  readonly compression: Compression | undefined;
  /** The first one signs. */
  readonly keys: readonly SigningKey[];
}

/** A payload, in order. */
type Pieces = readonly Uint8Array[];

/** A frame, and what its header says of its payload. */
export interface SealedPayload {
  readonly frame: Uint8Array;
  readonly facts: PayloadFacts;
}

/** Makes a frame: encodes the state, hashes it once, puts the head in front. Linear in the state. */
export function seal(header: HeaderInput, state: unknown, options: SealOptions = {}): Uint8Array {
  knownOptions('seal', options, ['mediaType', 'compression', 'keys', 'verifyOnSeal']);
  const { mediaType, verifyOnSeal = false } = options;
  const sealing: Sealing = {
    ...(mediaType === undefined ? {} : { mediaType }),
    compression: compressionOption(options.compression),
    keys: signingKeys('keys', options.keys),
  };
  const sealed =
    mediaType === undefined ?
      encoding(state, {}, (payload) => sealPayload(header, payload, sealing))
    : sealPayload(header, [givenPayload(state)], sealing);
  if (oneOf('verifyOnSeal', verifyOnSeal, [true, false])) {
    verifySealed(sealed, sealing, (payload) => (mediaType === undefined ? encode(decodePayload(payload)) : payload));
  }
  return sealed.frame;
}

/** Verifies a frame and reads its state; throws a {@link SnapshotError} with the verdict as code. */
export function open<State = unknown>(frame: Uint8Array, expect: Expect = {}): { header: Header; state: State } {
  const { header, payload } = openPayload(frame, expect);
  if (header.foldDigest !== undefined && expect.foldDigest === undefined) {
    throw new SnapshotError('tooNew', 'the state belongs to a built-in fold; state its digest to read it, inspect shows it');
  }
  const { mediaType, stored } = header.payload;
  if (mediaType === undefined) return { header, state: decodePayload(payload) as State };
  return { header, state: (stored === undefined ? new Uint8Array(payload) : payload) as State };
}

/** Verifies and reads the header alone; of a frame only the first kilobytes are touched. */
export function inspect(frame: Uint8Array, expect: Expect = {}): Header {
  return readHead(frame, expect).header;
}

/** Seals a payload in one piece or several, which are copied once, and may be views that others write to afterwards. */
export function sealPayload(header: HeaderInput, payload: Pieces, { mediaType, compression, keys }: Sealing): SealedPayload {
  const type = mediaType === undefined ? {} : { mediaType };
  const compressed = compression && compressedBy(compression, payload);
  if (compressed !== undefined) {
    const facts = { ...type, ...compressed.facts };
    return { frame: joined([makeHead(header, facts, keys[0]), compressed.bytes]), facts };
  }
  const [only] = payload.length === 1 ? payload : [];
  const facts = { ...type, bytes: sizeOf(payload), digest: only === undefined ? ANY_DIGEST : sha256(only) };
  const head = makeHead(header, facts, keys[0]);
  const frame = joined([head, ...payload]);
  if (only === undefined) {
    // All digests are of one length, so that the payload lies where it belongs already: one copy of it is enough.
    facts.digest = sha256(frame.subarray(head.length));
    const again = makeHead(header, facts, keys[0]);
    if (again.length !== head.length) throw new SnapshotError('invalidOption', 'a header must not change while it is read', { path: 'header' });
    frame.set(again);
  }
  return { frame, facts };
}

/** Refuses a frame that does not give its state back: `again` makes a payload of the payload that was opened, in the way it was made. */
export function verifySealed({ frame, facts }: SealedPayload, { keys }: Sealing, again: (payload: Uint8Array) => Uint8Array): void {
  const unfaithful = (why: string, cause?: unknown): SnapshotError =>
    new SnapshotError('unencodable', `what was just sealed does not give the state back: ${why}`, { cause });
  let digest: Uint8Array;
  try {
    const expect = { maxStateBytes: Number.MAX_SAFE_INTEGER, ...(keys.length === 0 ? {} : { keys }) };
    digest = sha256(again(openPayload(frame, expect).payload));
  } catch (error) {
    throw unfaithful(describe(error), error);
  }
  if (!sameBytes(digest, facts.digest)) throw unfaithful('decoded and encoded again it is another one');
}

/** A verified frame whose payload is not decoded yet: a view into the frame, unless it was compressed there. */
export function openPayload(frame: Uint8Array, expect: Expect): { header: Header; payload: Uint8Array } {
  const { header, offset } = readHead(frame, expect);
  const { stored, bytes, digest } = header.payload;
  const lying = frame.subarray(offset);
  checkDigest('payload', lying, stored?.digest ?? digest, offset);
  if (stored === undefined) return { header, payload: lying };
  const payload = expand(lying, bytes);
  checkDigest('state', payload, digest, offset);
  return { header, payload };
}

/** The state in a verified payload; `corrupt` if it is not a value of docs/format.md §1. */
export function decodePayload(payload: Uint8Array): unknown {
  try {
    return decode(payload);
  } catch (error) {
    if (SnapshotError.is(error) && error.code === 'tooNew') throw error; // a value that this runtime has no class for
    throw new SnapshotError('corrupt', `the payload is not a value: ${describe(error)}`, { cause: error });
  }
}

function givenPayload(state: unknown): Uint8Array {
  if (isBytes(state)) return state;
  throw new SnapshotError('invalidOption', 'with a media type the state must be a Uint8Array', { path: 'state' });
}

function checkDigest(what: string, bytes: Uint8Array, digest: Uint8Array, offset: number): void {
  if (sameBytes(sha256(bytes), digest)) return;
  throw new SnapshotError('corrupt', `the ${what} digest differs: bytes of the state were changed; take the snapshot again`, { offset });
}

function expand(stored: Uint8Array, bytes: number): Uint8Array {
  const payload = roomFor(bytes);
  answered(withScratch((scratch) => scratch.expand(stored, payload)));
  return payload;
}

function roomFor(bytes: number): Uint8Array {
  try {
    return new Uint8Array(bytes);
  } catch (cause) {
    throw new SnapshotError('tooLarge', `this runtime has no room for a state of ${bytes} bytes`, { cause });
  }
}

const ANY_DIGEST = new Uint8Array(32);

/** The LZ4 form of a payload, if that pays. */
function compressedBy(compression: Compression, payload: Pieces): { bytes: Uint8Array; facts: PayloadFacts } | undefined {
  const raw = payload.length === 1 ? (payload[0] as Uint8Array) : joined(payload);
  const bytes = compression.compress(raw);
  if (bytes === undefined) return undefined;
  const stored = { compression: 'lz4', bytes: bytes.length, digest: sha256(bytes) } as const;
  return { bytes, facts: { bytes: raw.length, digest: sha256(raw), stored } };
}
