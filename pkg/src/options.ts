/** Options are parsed once, where they are given; every refusal names the option and says what would do. */
import { describe, SnapshotError, type ErrorCode } from './error.js';

const SIZE_UNITS: Record<string, number> = { B: 1, KB: 1e3, MB: 1e6, GB: 1e9, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 };
const TIME_UNITS: Record<string, number> = { ms: 1, s: 1e3, m: 6e4, h: 36e5, d: 864e5 };

/** Bytes as a number, or as text with a unit: `'64KiB'`, `'1.5 MB'`. */
export type Size = number | `${number}${'' | ' '}${'B' | 'KB' | 'MB' | 'GB' | 'KiB' | 'MiB' | 'GiB'}`;

/** Milliseconds as a number, or as text with a unit: `'250ms'`, `'1h'`. */
export type Duration = number | `${number}${'' | ' '}${'ms' | 's' | 'm' | 'h' | 'd'}`;

export function invalidOption(option: string, found: unknown, wanted: string): SnapshotError {
  return new SnapshotError('invalidOption', `${wanted}; got ${show(found)}`, { path: option });
}

/** Calls a function that the host gave; what it throws becomes an error that names the function. */
export function hosted<T>(option: string, code: ErrorCode, call: () => T): T {
  try {
    return call();
  } catch (error) {
    if (SnapshotError.is(error)) throw error;
    throw new SnapshotError(code, `must not throw: ${describe(error)}`, { path: option, cause: error });
  }
}

/** A whole number from 1 to `2^bits − 1`. */
export function positiveInteger(option: string, value: unknown, { hint = '', bits = 53 } = {}): number {
  if (Number.isSafeInteger(value) && (value as number) > 0 && (value as number) < 2 ** bits) return value as number;
  throw invalidOption(option, value, `must be a whole number from 1 to 2^${bits} - 1${hint}`);
}

export function size(option: string, value: unknown, hint = ', or text such as "64KiB"'): number {
  return positiveInteger(option, withUnit(value, SIZE_UNITS), { hint });
}

export function duration(option: string, value: unknown, { hint = ' (milliseconds), or text such as "5s"', bits = 53 } = {}): number {
  return positiveInteger(option, withUnit(value, TIME_UNITS), { hint, bits });
}

export function functionOption(option: string, value: unknown): void {
  if (typeof value !== 'function') throw invalidOption(option, value, 'must be a function');
}

export function oneOf<T extends string | number | boolean>(option: string, value: unknown, allowed: readonly T[]): T {
  if ((allowed as readonly unknown[]).includes(value)) return value as T;
  throw invalidOption(option, value, `must be ${allowed.map((choice) => show(choice)).join(' or ')}`);
}

export function nonEmptyText(option: string, value: unknown): string {
  if (typeof value === 'string' && value.length > 0 && value.isWellFormed()) return value;
  throw invalidOption(option, value, 'must be text, not empty, without lone surrogates');
}

/** Possibly empty. */
export function asciiText(option: string, value: unknown): string {
  if (typeof value === 'string' && /^[\x00-\x7f]*$/.test(value)) return value;
  throw invalidOption(option, value, 'must be ASCII text');
}

/** A name or a stream id, of which keys are made. */
export function checkId(what: string, id: unknown): void {
  if (typeof id === 'string' && id !== '' && id.isWellFormed()) return;
  throw new SnapshotError('invalidId', `must be text, not empty, without lone surrogates; got ${show(id)}`, { path: what });
}

/** An object that serves as a table; a Map would be taken for an empty one. */
export function table(option: string, value: unknown): void {
  if (Object.prototype.toString.call(value) !== '[object Object]') throw invalidOption(option, value, 'must be a plain object');
}

/** Refuses options that do not exist, which are most often misspelt, and null, which could mean "off" as well as "default". */
export function knownOptions(what: string, options: unknown, known: readonly string[]): void {
  if (typeof options !== 'object' || options === null) throw invalidOption(what, options, 'must be an object');
  for (const [name, value] of Object.entries(options)) {
    if (!known.includes(name)) throw invalidOption(`${what}.${name}`, name, `is no option; there are ${known.join(', ')}`);
    if (value === null) throw invalidOption(name, value, 'must not be null; leave it out for the default');
  }
}

function withUnit(value: unknown, units: Record<string, number>): unknown {
  if (typeof value !== 'string') return value;
  const [, amount, unit] = /^([0-9]+(?:\.[0-9]+)?) ?([A-Za-z]+)$/.exec(value) ?? [];
  const factor = unit !== undefined && Object.hasOwn(units, unit) ? units[unit] : undefined;
  return amount === undefined || factor === undefined ? value : Math.round(Number(amount) * factor);
}

function show(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'bigint') return `${value}n`;
  if (Object.is(value, -0)) return '-0';
  return typeof value === 'object' && value !== null ? Object.prototype.toString.call(value) : String(value);
}
