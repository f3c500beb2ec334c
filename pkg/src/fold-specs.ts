/** The data form of built-in folds: what `rulesFold` and `journalFold` take, and what a file of JSON may hold. */

/** What JSON can say, and BigInts, which JSON has no word for. */
export type Json = null | boolean | number | bigint | string | readonly Json[] | { readonly [name: string]: Json };

/** A JSON Pointer (RFC 6901): `'/data/id'`, or `''` for all of it. */
export type Pointer = string;

/**
 * A place in the state: a JSON Pointer, in which a whole segment `{/data/id}` is filled from the event: text or an integer, one segment,
 * never parsed again. A literal brace is doubled.
 */
export type Target = string;

/** Where the parts that every fold needs lie in an event. */
export interface EventPointers {
  /** An integer, or its decimal text. Default `'/position'`. */
  readonly position?: Pointer;
  /** Text or an integer; without one, the event's bytes are its identity. Default `'/id'`. */
  readonly id?: Pointer;
  /** Text. Default `'/type'`. */
  readonly type?: Pointer;
  /** The payload: what an operation takes that names no other value. Default `'/data'`. */
  readonly data?: Pointer;
}

/** A member of an object: a pointer into the event, with `optional` left out where the event has no such value; or a literal. */
type Member = Pointer | { readonly value: Json } | { readonly from: Pointer; readonly optional?: boolean };

/** The value of an operation: a literal, a part of the event, an object of parts; or none of these: the event's payload. */
type Value =
  | { readonly value: Json; readonly from?: never; readonly fields?: never }
  | { readonly from: Pointer; readonly value?: never; readonly fields?: never }
  | { readonly fields: Readonly<Record<string, Member>>; readonly value?: never; readonly from?: never }
  | { readonly value?: never; readonly from?: never; readonly fields?: never };

type Name = 'put' | 'merge' | 'patch' | 'append' | 'remove' | 'add' | 'subtract';

/** Exactly one of the names, with a target. */
type On<Action extends Name> = { readonly [K in Action]: Target } & { readonly [K in Exclude<Name, Action>]?: never };

interface Optional {
  /** True: where the event has no such value, the operation, or that member of `fields`, is left out. Default: `missingValue`. */
  readonly optional?: boolean;
}

interface Parents {
  /** True: objects that are missing on the way to the target are made. Default: `missingTarget`. */
  readonly parents?: boolean;
}

interface Initial extends Parents {
  /** What a missing target starts as. Default: `missingTarget`. */
  readonly initial?: Json;
}

/**
 * One change of the state.
 *
 * - `put` sets a member or replaces an element; its parent must be there. With `ifAbsent`, only where nothing is yet.
 * - `merge`: RFC 7396. `patch`: RFC 6902; it fits as a whole, or the event is `patchFailed`.
 * - `append` adds one element to an array. `remove` takes a member or an element away; with `optional`, nothing there is fine.
 * - `add` and `subtract` change a number, within ±(2^53 − 1).
 */
export type Operation =
  | (On<'put'> & Value & Optional & Parents & { readonly ifAbsent?: boolean })
  | (On<'merge'> & Value & Optional & Initial)
  | (On<'patch'> & Value & Optional)
  | (On<'append'> & Value & Optional & Initial)
  | (On<'add'> & Value & Optional & Initial)
  | (On<'subtract'> & Value & Optional & Initial)
  | (On<'remove'> & Optional);

/** What every built-in fold has. */
interface FoldSpec {
  /** For events that come as such; a repository knows position, id and type of its rows. */
  readonly events?: EventPointers;
  /** `'contiguous'` (default): each position is the previous + 1. `'sparse'`: growing, with gaps. */
  readonly sequence?: 'contiguous' | 'sparse';
  /** Position of the first event of contiguous streams. Default 1. */
  readonly firstPosition?: 0 | 1;
  /** What an event is whose type the specification does not name. Default `'error'`: `unknownEvent`. */
  readonly unknown?: 'error' | 'ignore';
  /** True: all of an event is checked to be strict JSON or a strict value, also what no rule looks at. Default false. */
  readonly strict?: boolean;
}

/** A reducer as data; the same in JSON, JavaScript and Rust. */
export interface RulesSpec extends FoldSpec {
  /** The state before the first event. Default `{}`. */
  readonly initial?: Json;
  /** Event type → operations, in order; none at all make a type known. */
  readonly rules: Readonly<Record<string, readonly Operation[]>>;
}

/** A pointer into the event, an object of parts, or a literal. */
type Source = Pointer | { readonly fields: Readonly<Record<string, Pointer>> } | { readonly value: Json };

/** One pointer into both events of a step, or one into its opener and one into its end. */
type Pair = Pointer | readonly [opener: Pointer, end: Pointer];

/** What completes a step. */
type End = ({ readonly result: Source; readonly error?: never } | { readonly error: Source; readonly result?: never }) & {
  /** What ties it to its opener. Default: the shape. */
  readonly match?: Pair;
  /** Whether it is a step by itself where nothing waits for it. Default true. */
  readonly alone?: boolean;
};

/** How events become one step. */
export interface StepKind {
  /** What was asked for. */
  readonly shape: Source;
  /** Where the events of this kind have their command id; null: nowhere. Default: that of the specification. */
  readonly commandId?: Pair | null;
  /** Event types that begin a step, which waits for its end. */
  readonly opens?: readonly string[];
  /** Event type → what the step came to. */
  readonly ends: Readonly<Record<string, End>>;
  /** Event types that take up a step of the same command id that has just failed. */
  readonly retries?: readonly string[];
  /** Event types that may stand between an opener and its end; from that opener on everything waits. */
  readonly parallel?: readonly string[];
}

/** A journal of durable executions; the same in JSON, JavaScript and Rust. */
export interface JournalSpec extends FoldSpec {
  /** Where events have their command id; null: nowhere. Default `'/data/command_id'`. */
  readonly commandId?: Pair | null;
  /** Event types that are no part of any step. */
  readonly ignore?: readonly string[];
  /** Kinds of steps by name. */
  readonly table?: Readonly<Record<string, StepKind>>;
}
