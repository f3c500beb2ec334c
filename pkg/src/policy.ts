/** When to snapshot: policies are data (plus predicates on the state), decisions are the core's. */
import { answered, ask, coreAnswer, coreModule, toCoreBytes } from './core.js';
import * as Operation from './operations.js';
import { duration, functionOption, invalidOption, nonEmptyText, positiveInteger, size, table, type Duration, type Size } from './options.js';
import { decode } from './value/decode.js';
import { joined } from './value/writer.js';

const NEVER_HINT = '; for no snapshots at all there is never()';
const MAX_JITTER = 0.5;

/** The data form of a policy: what the core reads, and what can be logged or stored. */
export type PolicySpec =
  | 'never'
  | { readonly everyEvents: number }
  | { readonly everyBytes: number }
  | { readonly everyMillis: number }
  | { readonly tailRatio: number }
  | { readonly slowLoad: number }
  | { readonly whenEvent: readonly string[] }
  | { readonly whenState: number }
  | { readonly anyOf: readonly PolicySpec[] }
  | { readonly allOf: readonly PolicySpec[] }
  | { readonly perKind: { readonly kinds: Readonly<Record<string, PolicySpec>>; readonly otherwise: PolicySpec } }
  | { readonly jitter: { readonly fraction: number; readonly policy: PolicySpec } };

/** A policy. Make one with the functions below; combine with {@link anyOf} and {@link allOf}. */
export interface Policy<State = unknown> {
  readonly spec: PolicySpec;
  /** The functions that `whenState` refers to by index. */
  readonly predicates: readonly ((state: State) => boolean)[];
}

/** What a decision is made from. Counts are of events, times are milliseconds since 1970. All but `events` may be left out. */
export interface Observation<State = unknown> {
  /** Events folded in, in total. */
  readonly events: number;
  /** The newest snapshot of this version; absent if there is none. `bytes` is the size of its frame. */
  readonly snapshot?: { readonly events: number; readonly at?: number | undefined; readonly bytes?: number | undefined } | undefined;
  /** The last attempt, if it failed and no snapshot was taken since; `failures` in a row. */
  readonly attempt?:
    | { readonly events: number; readonly at?: number | undefined; readonly tailBytes?: number | undefined; readonly failures: number }
    | undefined;
  /** Bytes of the events since the snapshot. */
  readonly tailBytes?: number | undefined;
  readonly now?: number | undefined;
  /** When the first event was recorded, if the log says. */
  readonly firstAt?: number | undefined;
  /** How long the load took that made the handle, and the event count when it ended. */
  readonly load?: { readonly millis: number; readonly events: number } | undefined;
  /** Event types since the snapshot. */
  readonly eventTypes?: readonly string[] | undefined;
  /** For {@link perKind}. */
  readonly kind?: string | undefined;
  /** For {@link withJitter}. */
  readonly streamId?: string | undefined;
  /** For {@link whenState}. */
  readonly state?: State | undefined;
}

export interface Decision {
  readonly take: boolean;
  /** In words that a log line can carry. */
  readonly reason: string;
}

/** What an observation must carry for a policy. */
export interface PolicyNeeds {
  readonly bytes: boolean;
  readonly kind: boolean;
  readonly stream: boolean;
  /** How many state predicates. */
  readonly states: number;
  readonly eventTypes: readonly string[];
}

/** No snapshots. */
export function never(): Policy {
  return leaf('never');
}

/** At least `count` events since the last snapshot. */
export function everyEvents(count: number): Policy {
  return leaf({ everyEvents: positiveInteger('everyEvents', count, { hint: NEVER_HINT }) });
}

/** At least that many bytes of events since the last snapshot. */
export function everyBytes(bytes: Size): Policy {
  return leaf({ everyBytes: size('everyBytes', bytes, ` of bytes, or text such as "64KiB"${NEVER_HINT}`) });
}

/** At least that much time since the last snapshot, and at least one new event. */
export function everyElapsed(time: Duration): Policy {
  return leaf({ everyMillis: duration('everyElapsed', time, { hint: ` of milliseconds, or text such as "1h"${NEVER_HINT}` }) });
}

/** The events since the last snapshot weigh at least `ratio` times as much as that snapshot. */
export function tailRatio(ratio: number): Policy {
  if (!(Number.isFinite(ratio) && ratio > 0)) throw invalidOption('tailRatio', ratio, 'must be a number above 0');
  return leaf({ tailRatio: ratio });
}

/** The load that made the handle took longer than that. */
export function slowLoad(time: Duration): Policy {
  return leaf({ slowLoad: duration('slowLoad', time, { hint: ' of milliseconds, or text such as "50ms"' }) });
}

/** One of these event types was folded since the last snapshot. */
export function whenEvent(...types: readonly string[]): Policy {
  if (types.length === 0) throw invalidOption('whenEvent', types, 'must name at least one event type');
  return leaf({ whenEvent: types.map((type) => nonEmptyText('whenEvent', type)) });
}

/** The state fulfils a condition, and something is new since the last snapshot. */
export function whenState<State>(predicate: (state: State) => boolean): Policy<State> {
  functionOption('whenState', predicate);
  return { spec: { whenState: 0 }, predicates: [predicate] };
}

/** One of the policies says so. */
export function anyOf<State = unknown>(...policies: readonly Policy<State>[]): Policy<State> {
  return combine(listed('anyOf', policies), (anyOf) => ({ anyOf }));
}

/** All of the policies say so. */
export function allOf<State = unknown>(...policies: readonly Policy<State>[]): Policy<State> {
  return combine(listed('allOf', policies), (allOf) => ({ allOf }));
}

/** Another policy for each kind of stream; the definition's `kindOf` tells the kind. */
export function perKind<State = unknown>(
  kinds: Readonly<Record<string, Policy<State>>>,
  otherwise: Policy<State>,
): Policy<State> {
  table('perKind', kinds);
  const names = Object.keys(kinds);
  if (names.length === 0) throw invalidOption('perKind', kinds, 'must name at least one kind');
  const parts = Object.entries(kinds).map(([name, policy]) => [`perKind.${name}`, policy] as const);
  return combine([['perKind.otherwise', otherwise], ...parts], ([rest = 'never', ...specs]) => ({
    perKind: { kinds: Object.fromEntries(names.map((name, index) => [name, specs[index] ?? 'never'])), otherwise: rest },
  }));
}

/** Spreads thresholds by up to `fraction` (at most 0.5) below their value, each stream by its own share, always the same. */
export function withJitter<State = unknown>(fraction: number, policy: Policy<State>): Policy<State> {
  if (!(typeof fraction === 'number' && fraction > 0 && fraction <= MAX_JITTER)) {
    throw invalidOption('withJitter', fraction, `must be a number above 0, at most ${MAX_JITTER}`);
  }
  return combine([['withJitter.policy', policy]], ([inner = 'never']) => ({ jitter: { fraction, policy: inner } }));
}

/** Decides. Pure: the same policy and observation give the same decision on every host. The words are made when they are read. */
export function decide<State>(policy: Policy<State>, observation: Observation<State>): Decision {
  const { number, needs } = compile(policy);
  const facts = factsOf(number, observation);
  const rest = restOf(policy, needs, observation);
  const question = rest === undefined ? facts : joined([facts, rest]);
  return {
    take: answered(coreAnswer(Operation.Take, question))[0] === 1,
    get reason() {
      // Which keeps it, too: the core forgets a policy that nobody holds, and its number may be another one's then.
      new Float64Array(question.buffer, 0, 1)[0] = compile(policy).number;
      return decode(answered(coreAnswer(Operation.Reason, question))) as string;
    },
  };
}

/** What an observation must carry for `policy`. */
export function needs(policy: Policy<never>): PolicyNeeds {
  return compile(policy).needs;
}

const UNKNOWN = new Float64Array(14).fill(NaN);

/** The numbers of an observation in the order of `fact` in src/bindings/policies.rs; NaN where nobody knows. */
function factsOf(policy: number, { events, tailBytes, now, firstAt, snapshot, attempt, load }: Omit<Observation, 'state'>): Uint8Array {
  const facts = UNKNOWN.slice();
  facts[0] = policy;
  facts[1] = events;
  if (tailBytes !== undefined) facts[2] = tailBytes;
  if (now !== undefined) facts[3] = now;
  if (firstAt !== undefined) facts[4] = firstAt;
  if (snapshot !== undefined) {
    facts[5] = snapshot.events;
    facts[6] = snapshot.at ?? NaN;
    facts[7] = snapshot.bytes ?? NaN;
  }
  if (attempt !== undefined) {
    facts[8] = attempt.events;
    facts[9] = attempt.at ?? NaN;
    facts[10] = attempt.tailBytes ?? NaN;
    facts[11] = attempt.failures;
  }
  if (load !== undefined) {
    facts[12] = load.events;
    facts[13] = load.millis;
  }
  return new Uint8Array(facts.buffer);
}

/** Of an observation what is no number, as far as it is needed. */
function restOf<State>(policy: Policy<State>, needs: PolicyNeeds, observation: Observation<State>): Uint8Array | undefined {
  const { eventTypes, states, kind, stream } = needs;
  if (eventTypes.length === 0 && states === 0 && !kind && !stream) return undefined;
  return toCoreBytes([
    eventTypes.length === 0 ? null : [...(observation.eventTypes ?? [])].filter((type) => eventTypes.includes(type)),
    states > 0 ? Uint8Array.from(policy.predicates, (holds) => Number(holds(observation.state as State) === true)) : null,
    kind ? (observation.kind ?? null) : null,
    stream ? (observation.streamId ?? null) : null,
  ]);
}

interface Compiled {
  /** By which the core's instance of that generation knows it. */
  readonly number: number;
  readonly generation: number;
  readonly needs: PolicyNeeds;
}

const compiledPolicies = new WeakMap<Policy<never>, Compiled>();

/** The core keeps a policy no longer than its definition lives, where the runtime tells. */
const forgotten =
  typeof FinalizationRegistry === 'undefined' ? undefined : (
    new FinalizationRegistry<Compiled>(({ number, generation }) => {
      if (generation === coreModule.generation) coreAnswer(Operation.ForgetPolicy, factsOf(number, { events: 0 }));
    })
  );

function compile(policy: Policy<never>): Compiled {
  let compiled = compiledPolicies.get(policy);
  if (compiled?.generation !== coreModule.generation) {
    type Answer = [number: number, bytes: boolean, kind: boolean, stream: boolean, states: number, eventTypes: string[]];
    const [number, bytes, kind, stream, states, eventTypes] = ask<Answer>(Operation.CompilePolicy, policy.spec);
    compiled = { number, generation: coreModule.generation, needs: { bytes, kind, stream, states, eventTypes } };
    compiledPolicies.set(policy, compiled);
    forgotten?.register(policy, compiled);
  }
  return compiled;
}

function leaf(spec: PolicySpec): Policy {
  return { spec, predicates: [] };
}

/** Each policy with the path to it. */
type Part<State> = readonly [string, Policy<State>];

function listed<State>(name: string, policies: readonly Policy<State>[]): Part<State>[] {
  if (policies.length === 0) throw invalidOption(name, policies, 'must be given at least one policy');
  return policies.map((policy, index) => [`${name}[${index}]`, policy]);
}

function combine<State>(parts: readonly Part<State>[], join: (specs: readonly PolicySpec[]) => PolicySpec): Policy<State> {
  const predicates: ((state: State) => boolean)[] = [];
  const specs = parts.map(([path, policy]) => {
    if (!isPolicy(policy)) throw invalidOption(path, policy, 'must be a policy, such as everyEvents(100)');
    const spec = renumber(policy.spec, predicates.length);
    predicates.push(...policy.predicates);
    return spec;
  });
  return { spec: join(specs), predicates };
}

export function isPolicy(policy: unknown): policy is Policy {
  return typeof policy === 'object' && policy !== null && 'spec' in policy && 'predicates' in policy;
}

/** Predicates of the parts are put one after another, so that their indices shift. */
function renumber(spec: PolicySpec, by: number): PolicySpec {
  if (by === 0 || spec === 'never') return spec;
  if ('whenState' in spec) return { whenState: spec.whenState + by };
  if ('anyOf' in spec) return { anyOf: spec.anyOf.map((part) => renumber(part, by)) };
  if ('allOf' in spec) return { allOf: spec.allOf.map((part) => renumber(part, by)) };
  if ('jitter' in spec) return { jitter: { ...spec.jitter, policy: renumber(spec.jitter.policy, by) } };
  if ('perKind' in spec) {
    const kinds = Object.entries(spec.perKind.kinds).map(([kind, part]) => [kind, renumber(part, by)] as const);
    return { perKind: { kinds: Object.fromEntries(kinds), otherwise: renumber(spec.perKind.otherwise, by) } };
  }
  return spec;
}
