/** Positions have one type per definition: number (the default) or bigint. What a store hands over is checked, never rounded. */
import { SnapshotError } from './error.js';

/** The type that a definition's positions have. */
export type Position = number | bigint;

/** What may be given where a position is asked for; text is decimal, as SQL drivers return 64-bit integers. */
export type PositionInput = number | bigint | string;

export type PositionKind = 'number' | 'bigint';

/** The largest position of the format. */
export const MAX_POSITION = 2n ** 64n - 1n;

/** Arithmetic on one kind of position. */
export interface Positions<P extends Position> {
  readonly kind: PositionKind;
  /** Checks and converts, or throws `invalidPosition` naming where it was found. */
  parse(input: unknown, where: string): P;
  /** The position after; it may lie beyond what {@link Positions.parse} accepts, as the start of a read that finds nothing. */
  after(position: P): P;
  plus(position: P, count: number): P;
}

export const numberPositions: Positions<number> = {
  kind: 'number',
  parse(input, where) {
    const number = typeof input === 'number' ? input : Number(parseBig(input, where));
    if (Number.isSafeInteger(number) && number >= 0) return number === 0 ? 0 : number;
    throw refuse(input, where, "a whole number from 0 to 2^53 - 1; beyond that define the snapshots with positions: 'bigint'");
  },
  after: (position) => position + 1,
  plus: (position, count) => numberPositions.parse(position + count, 'a position'),
};

export const bigintPositions: Positions<bigint> = {
  kind: 'bigint',
  parse: parseBig,
  after: (position) => position + 1n,
  plus: (position, count) => parseBig(position + BigInt(count), 'a position'),
};

/** A position as the core takes it. */
export function toCore(position: Position): bigint {
  return BigInt(position);
}

function parseBig(input: unknown, where: string): bigint {
  const big =
    typeof input === 'bigint' ? input
    : typeof input === 'number' && Number.isSafeInteger(input) ? BigInt(input)
    : typeof input === 'string' && /^(0|[1-9][0-9]{0,19})$/.test(input) ? BigInt(input)
    : undefined;
  if (big !== undefined && big >= 0n && big <= MAX_POSITION) return big;
  throw refuse(input, where, 'a whole number from 0 to 2^64 - 1, as number (up to 2^53 - 1), bigint or decimal text');
}

function refuse(input: unknown, where: string, wanted: string): SnapshotError {
  const found = typeof input === 'bigint' ? `${input}n` : typeof input === 'string' ? JSON.stringify(input) : String(input);
  return new SnapshotError('invalidPosition', `a position must be ${wanted}; got ${found}`, { path: where });
}
