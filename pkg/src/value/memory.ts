/** Encodes the states of one stream, each from what is remembered of the one before: its parts and its bytes. */
import { SnapshotError } from '../error.js';
import { decode } from './decode.js';
import { firstDifference } from './difference.js';
import { carefully, encoding } from './encode.js';
import { PartWriter, type Move, type Part } from './parts.js';
import { prepare } from './quick.js';
import { joined, restart, written, type Use } from './writer.js';

export interface MemoryOptions {
  /** What paths in errors start with; default `state`. */
  readonly root?: string;
  /** Encode in full as well, each time, and refuse a state that was changed where it is remembered. */
  readonly thorough: boolean;
  /** Told if an encoding in full, one in {@link CHECK_EVERY}, shows that the state was changed where it is remembered. */
  readonly diverged: (error: SnapshotError) => void;
  /** Larger states are not remembered, in bytes. */
  readonly limit: number;
}

/** One encoding in so many is done in full as well, and compared. */
export const CHECK_EVERY = 64;

export class Memory {
  #part: Part | undefined;
  /** The bytes of that part come first. */
  #bytes: Uint8Array = NO_BYTES;
  #count = 0;

  /** The bytes that are held. */
  get size(): number {
    return this.#bytes.length;
  }

  forget(): void {
    this.#part = undefined;
    this.#bytes = NO_BYTES;
  }

  /** Hands the bytes of `value`, in pieces that are valid during that call only, to `use`. */
  encoding<T>(value: unknown, options: MemoryOptions, use: Use<T>): T {
    const { root = 'state', thorough, diverged } = options;
    const old = this.#part;
    this.#part = undefined; // whatever fails from here on
    this.#count += 1;
    if (!thorough && (old === undefined || this.#count % CHECK_EVERY !== 0)) {
      return this.#encode(value, old, options, (pieces, size, keep) => {
        const result = use(pieces, size);
        keep();
        return result;
      });
    }
    return encoding(value, { root, thorough }, (full, size) => {
      const stale = this.#encode(value, old, options, (pieces, _, keep) => {
        if (!samePieces(pieces, full)) return joined(pieces);
        keep();
        return undefined;
      });
      if (stale !== undefined) {
        this.forget();
        const path = firstDifference(decode(stale), decode(joined(full)), root) ?? root;
        const error = new SnapshotError(thorough ? 'mutated' : 'diverged', CHANGED, { path });
        if (thorough) throw error;
        diverged(error);
      }
      return use(full, size);
    });
  }

  #encode<T>(
    value: unknown,
    old: Part | undefined,
    { root = 'state', limit }: MemoryOptions,
    use: (pieces: readonly Uint8Array[], size: number, keep: () => void) => T,
  ): T {
    const writer = new PartWriter(this.#bytes);
    let part: Part | undefined;
    return written(
      () => {
        try {
          prepare(value);
          part = writer.put(value, old);
        } catch {
          restart();
          carefully('state', value, root);
        }
      },
      (pieces, size) =>
        use(pieces, size, () => {
          if (part === undefined || size > limit) return this.forget();
          this.#part = part;
          this.#bytes = nextBytes(this.#bytes, pieces, size, writer.moves);
        }),
    );
  }
}

const NO_BYTES = new Uint8Array(0);
const CHANGED =
  'a part of the state was changed in place after it was snapshotted, so that the change may be missing in snapshots; return new objects for what changes, or do without immutable: true';

/**
 * The bytes in `pieces`, in `bytes` itself where they have room. `moves` are the pieces that lie in `bytes`.
 *
 * First those move that move to the right, from the last to the first, then the others, from the first to the last. None overwrites what
 * another one has yet to read, since they keep their order: what comes to lie before another one lay before it.
 */
function nextBytes(bytes: Uint8Array, pieces: readonly Uint8Array[], size: number, moves: readonly Move[]): Uint8Array {
  const inOrder = moves.every(({ from }, index) => index === 0 || from > (moves[index - 1] as Move).from);
  if (size > bytes.length || 2 * size < bytes.length || !inOrder) {
    const next = new Uint8Array(size + (size >> 5));
    fill(next, pieces, []);
    return next;
  }
  for (let i = moves.length - 1; i >= 0; i--) shift(bytes, moves[i] as Move, 1);
  for (const move of moves) shift(bytes, move, -1);
  fill(bytes, pieces, moves);
  return bytes;
}

function shift(bytes: Uint8Array, { from, to, length }: Move, direction: number): void {
  if ((to - from) * direction > 0) bytes.copyWithin(to, from, from + length);
}

/** Writes the pieces, save the moves, to their places. */
function fill(bytes: Uint8Array, pieces: readonly Uint8Array[], moves: readonly Move[]): void {
  let at = 0;
  let move = 0;
  for (const piece of pieces) {
    if (moves[move]?.to === at && moves[move]?.length === piece.length) move += 1;
    else bytes.set(piece, at);
    at += piece.length;
  }
}

function samePieces(a: readonly Uint8Array[], b: readonly Uint8Array[]): boolean {
  let [index, at] = [0, 0];
  for (const piece of a) {
    for (let i = 0; i < piece.length; i++) {
      while (at === b[index]?.length) [index, at] = [index + 1, 0];
      if (piece[i] !== b[index]?.[at++]) return false;
    }
  }
  return b.slice(index).reduce((left, { length }) => left + length, -at) === 0;
}
