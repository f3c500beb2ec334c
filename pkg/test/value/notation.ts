/** Values as tests/vectors/README.md writes them. */
import { bytes, nested } from './bytes.js';

type Note = { readonly $: string } & Readonly<Record<string, unknown>>;
type Typed = new (buffer: ArrayBuffer) => ArrayBufferView;

/** The value of a note; undefined for a kind of typed array that this runtime does not have. */
export function build(note: unknown): unknown {
  if (typeof note !== 'object' || note === null) return note;
  if (Array.isArray(note)) return note.map(build);
  return KINDS[(note as Note).$]!(note as Note);
}

/** Whether an object of ECMAScript can hold the keys in the order of the note: integer-like ones come first there. */
export function orderFits(note: unknown): boolean {
  const { $, v } = (note ?? {}) as { $?: string; v?: unknown };
  if ($ !== 'object') return true;
  const keys = (v as [string, unknown][]).map(([key]) => key);
  return Object.keys(build(note) as object).join('\n') === keys.join('\n');
}

const KINDS: Record<string, (note: Note) => unknown> = {
  undefined: () => undefined,
  number: ({ v }) => Number(v),
  bigint: ({ v }) => BigInt(v as string),
  wtf16: ({ units }) => String.fromCharCode(...(units as number[])),
  bytes: ({ hex }) => bytes(hex as string),
  typed: ({ kind, hex }) => {
    const constructor = (globalThis as unknown as Record<string, Typed | undefined>)[`${kind as string}Array`];
    return constructor && new constructor(bytes(hex as string).buffer as ArrayBuffer);
  },
  date: ({ ms }) => new Date((ms as number | null) ?? NaN),
  object: ({ v }) => {
    const object = {};
    for (const [key, value] of v as [string, unknown][]) {
      Object.defineProperty(object, key, { value: build(value), writable: true, enumerable: true, configurable: true });
    }
    return object;
  },
  map: ({ v }) => new Map((v as [unknown, unknown][]).map(([key, value]) => [build(key), build(value)])),
  set: ({ v }) => new Set((v as unknown[]).map(build)),
  nested: ({ depth }) => nested((depth as number) - 1, []),
};
