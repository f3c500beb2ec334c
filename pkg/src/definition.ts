/** A definition: one kind of stream, how it is folded, and when and how it is snapshotted. */
import { FoldedState, type BuiltInFold } from './built-in.js';
import { DEFAULTS } from './defaults.js';
import { inProduction } from './environment.js';
import { SnapshotError } from './error.js';
import { compressionOption, type Compression } from './frame.js';
import { digestOption, eventTypes } from './head.js';
import {
  duration,
  functionOption,
  hosted,
  invalidOption,
  knownOptions,
  nonEmptyText,
  oneOf,
  positiveInteger,
  size,
  table,
  type Duration,
  type Size,
} from './options.js';
import type { EventRow } from './events.js';
import { everyEvents, isPolicy, type Policy, type PolicySpec } from './policy.js';
import { bigintPositions, numberPositions, type Position, type PositionKind, type Positions } from './position.js';
import { retention, type Kept, type Retention } from './retention.js';
import { openRepository, type OpenOptions, type Repository } from './repository.js';
import { validator, type StandardSchema } from './schema.js';
import type { Handle } from './handle.js';
import type { Audit, Observer } from './report.js';
import type { SigningKey } from './signing.js';
import { init } from './wasm-module.js';
import type { RememberedOptions, RememberedStates } from './value/remembered.js';

/** What {@link defineSnapshots} takes of a fold of the host's own; defaults are in docs/defaults.md. */
export interface DefinitionOptions<State, Event, Kind extends PositionKind = PositionKind> extends CommonOptions<Event, Kind> {
  readonly fold?: undefined;
  readonly initialState: () => State;
  /**
   * Returns the next state. Must be deterministic and synchronous, and must not change `state`; with `mutable` it may, and then it may
   * return nothing.
   */
  readonly evolve: (state: State, event: Event) => State | void;
  /** `evolve` may change the state it is given; then `apply` spends the old handle. */
  readonly mutable?: boolean;
  /** `immutable` of `snapfold/immutable`: `evolve` shares what it does not change, and snapshots cost what changed. */
  readonly immutable?: SharedStates;
  /** `{ 1: from1to2, 2: from2to3 }`: plain form of one version to that of the next, without gaps up to `version`. */
  // `any`: what a former version held is the step's own affair.
  readonly migrate?: Readonly<Record<number, (state: any) => unknown>>;
  /** The plain form of the state, where it holds class instances. Order on opening: decode, migrate, validate, fromState. */
  readonly toState?: (state: State) => unknown;
  readonly fromState?: (plain: never) => State;
}

/** `immutable` of `snapfold/immutable`. */
export interface SharedStates {
  /** Begins to remember the states of one repository. */
  remember(options: RememberedOptions): RememberedStates;
}

/** `auditEvery` of `snapfold/audit`. */
export interface AuditRule {
  /** Begins to count the loads of one repository. */
  begin<State, Event, P extends Position>(settings: Settings<State, Event, P>, observe: Observer): Auditor<State, P>;
}

export interface Auditor<State, P extends Position> {
  /**
   * The handle to go on with, and how the audit went, if there was one. `key` is that of the snapshot which `handle` came from, and `replay`
   * the full replay up to its position. Never rejects.
   */
  audited(
    handle: Handle<State, P>,
    key: string,
    replay: () => Promise<Handle<State, P>>,
  ): Promise<{ readonly handle: Handle<State, P>; readonly audit?: Audit }>;
}

/** `historyCommitment` of `snapfold/commitment`. */
export interface CommitmentRule {
  /** To no events. */
  readonly start: Uint8Array;
  /** To the same events and one more; `anchor` is its id, or the digest that identifies it. */
  after(commitment: Uint8Array, position: number | bigint, anchor: string | Uint8Array): Uint8Array;
}

/** What {@link defineSnapshots} takes of a built-in fold, whose state is bytes already; `handle.state` decodes them for who looks. */
export interface FoldDefinitionOptions<State, Event, Kind extends PositionKind = PositionKind> extends CommonOptions<Event, Kind> {
  /** Such as those of `snapfold/folds`. Sequence and first position are the fold's. Another fold has another slot, without a new version. */
  readonly fold: BuiltInFold<State, Event>;
}

/** What {@link defineSnapshots} takes of every fold. */
export interface CommonOptions<Event, Kind extends PositionKind = PositionKind> {
  readonly name: string;
  /** Bump when evolve, an upcaster, initialState or the set of events changes meaning. From 1 to 2^32 − 1. */
  readonly version: number;
  readonly policy?: Policy<never>;
  /**
   * Throws, or returns false, for a plain form that no event could have led to; or a schema of Zod, Valibot, ArkType or another library
   * that implements Standard Schema, of which only the verdict counts. Must answer at once. Runs before sealing and after opening.
   */
  readonly validate?: ((plain: never) => unknown) | StandardSchema;
  readonly positions?: Kind;
  /** `'contiguous'`: each position is the previous + 1. `'sparse'`: growing, with gaps. */
  readonly sequence?: 'contiguous' | 'sparse';
  /** Position of the first event, contiguous streams. */
  readonly firstPosition?: 0 | 1;
  /** For sparse streams whose log cannot count: states that no event ever commits below one that was read already. */
  readonly lateArrivals?: 'impossible';
  /** What a load does when the store cannot be read: replay the log, or throw `unreadable` so that the log is spared it. Default: replay. */
  readonly onStoreError?: 'replay' | 'throw';
  /** How many events a load or refresh may fold; more throw `replayTooLong`. Default: any number. */
  readonly maxReplay?: number;
  /** Event types that this code understands; a state that folded another one is never snapshotted. */
  readonly knows?: readonly string[];
  /** The type of an event. Default: the row's `type`, then `event.type`. */
  readonly typeOf?: (event: Event) => string;
  /** The size of an event in bytes, for policies that weigh. Default: the row's `bytes`, then the encoded length. */
  readonly sizeOf?: (event: Event) => number;
  /** The kind of a stream, for `perKind`. */
  readonly kindOf?: (streamId: string) => string;
  /** Snapshots kept per version of a stream: so many of the newest, or more rules. */
  readonly keep?: number | Retention;
  /**
   * Reads every snapshot back after it was written; then what it makes superfluous is deleted. Without, a save deletes only what lies behind
   * the snapshot that the handle was loaded from. Default: true.
   */
  readonly readBack?: boolean;
  /** Largest frame that is written, after compression; the store's own limit applies too. */
  readonly maxBytes?: Size;
  /** Largest state that is written or read, before compression. */
  readonly maxStateBytes?: Size;
  /** `lz4` of `snapfold/lz4`: states are compressed where that pays. */
  readonly compression?: Compression;
  /**
   * Opens and decodes every frame before it is written, makes the plain form again (`toState` of `fromState`), and fails the save with
   * `unencodable` if that has another digest. Costs about as much as sealing.
   */
  readonly verifyOnSeal?: boolean;
  /**
   * `auditEvery(1_000)` of `snapfold/audit`: compares some loads with a full replay; what differs is reported as `diverged`, and the replay
   * is used. Default: none.
   */
  readonly audit?: AuditRule;
  /**
   * `historyCommitment` of `snapfold/commitment`: snapshots commit to all events that were folded into them, so that `verify` and audits also
   * find a log whose events are others now, though the state is the same. Each event needs an id, or to be encodable. Default: none.
   */
  readonly commitment?: CommitmentRule;
  /** Longest time that a save may take. */
  readonly snapshotTimeout?: Duration;
  /** Events per read. */
  readonly pageSize?: number;
  /** Milliseconds since 1970. Default `Date.now`. */
  readonly clock?: () => number;
  /** Whether to look for mutation and the like. Default: unless `NODE_ENV` is `'production'`. */
  readonly development?: boolean;
}

/** A checked definition; {@link Definition.open} connects it to a store and a log. */
export interface Definition<State, Event, P extends Position> {
  readonly name: string;
  readonly version: number;
  /** Connects the definition; says at once if the initial state could not be snapshotted. */
  open(options: OpenOptions<Event, P>): Promise<Repository<State, Event, P>>;
  /** With `events.row`, `events.read` may return anything. */
  open<Raw>(options: OpenOptions<Event, P, Raw> & RowMaker<Event, Raw>): Promise<Repository<State, Event, P>>;
}

interface RowMaker<Event, Raw> {
  readonly events: { row(raw: Raw): EventRow<Event> };
}

/** A definition with every default filled in. */
export interface Settings<State, Event, P extends Position> {
  readonly name: string;
  readonly version: number;
  readonly initialState: () => State;
  readonly evolve: (state: State, event: Event) => State | void;
  /** In place of the two: then states are `FoldedState`s, whatever `State` says. */
  readonly fold: BuiltInFold<unknown, Event> | undefined;
  readonly policy: Policy<State>;
  readonly mutable: boolean;
  readonly immutable: SharedStates | undefined;
  /** Versions that `migrate` covers, newest first. */
  readonly migratable: readonly number[];
  readonly migrate: ReadonlyMap<number, (state: unknown) => unknown>;
  readonly toState: (state: State) => unknown;
  readonly fromState: (plain: unknown) => State;
  readonly validate: ((plain: unknown) => unknown) | undefined;
  readonly positions: Positions<P>;
  readonly sequence: 'contiguous' | 'sparse';
  readonly firstPosition: 0 | 1;
  readonly lateArrivals: 'possible' | 'impossible';
  readonly onStoreError: 'replay' | 'throw';
  readonly maxReplay: number | undefined;
  readonly knows: ReadonlySet<string> | undefined;
  readonly typeOf: ((event: Event) => string) | undefined;
  readonly sizeOf: ((event: Event) => number) | undefined;
  readonly kindOf: ((streamId: string) => string) | undefined;
  readonly keep: Kept;
  readonly readBack: boolean;
  readonly maxBytes: number;
  readonly maxStateBytes: number;
  readonly compression: Compression | undefined;
  readonly verifyOnSeal: boolean;
  readonly audit: AuditRule | undefined;
  readonly commitment: CommitmentRule | undefined;
  /** What `open` was given. */
  readonly keys: readonly SigningKey[];
  readonly fence: OpenOptions<Event, P>['fence'];
  readonly verbose: boolean;
  readonly snapshotTimeout: number;
  readonly pageSize: number;
  readonly clock: () => number;
  readonly development: boolean;
}

/** What makes sense only with an `evolve`. */
const OWN_FOLD = ['initialState', 'evolve', 'mutable', 'immutable', 'migrate', 'toState', 'fromState'] as const;

const OPTION_NAMES = [
  'name', 'version', 'fold', ...OWN_FOLD, 'policy', 'validate', 'positions',
  'sequence', 'firstPosition', 'lateArrivals', 'onStoreError', 'maxReplay', 'knows', 'typeOf', 'sizeOf', 'kindOf', 'keep', 'readBack', 'maxBytes',
  'maxStateBytes', 'compression', 'verifyOnSeal', 'audit', 'commitment', 'snapshotTimeout', 'pageSize', 'clock', 'development',
];

/** A timer of more than 2^31 − 1 ms would fire at once. */
const TIMER_BITS = 31;

/** Defines one kind of stream. Throws `invalidOption` naming the option that makes no sense. */
export function defineSnapshots<State, Event = unknown>(
  options: DefinitionOptions<State, Event, 'number'>,
): Definition<State, Event, number>;
export function defineSnapshots<State, Event = unknown>(
  options: DefinitionOptions<State, Event, 'bigint'> & { readonly positions: 'bigint' },
): Definition<State, Event, bigint>;
export function defineSnapshots<State, Event = unknown>(
  options: FoldDefinitionOptions<State, Event, 'number'>,
): Definition<State, Event, number>;
export function defineSnapshots<State, Event = unknown>(
  options: FoldDefinitionOptions<State, Event, 'bigint'> & { readonly positions: 'bigint' },
): Definition<State, Event, bigint>;
export function defineSnapshots<State, Event>(
  given: DefinitionOptions<State, Event> | FoldDefinitionOptions<State, Event>,
): Definition<State, Event, number> | Definition<State, Event, bigint> {
  knownOptions('defineSnapshots', given, OPTION_NAMES);
  const options = given.fold === undefined ? given : ofBuiltIn(given.fold, given);
  return oneOf('positions', options.positions ?? DEFAULTS.positions, ['number', 'bigint']) === 'number' ?
      connectable(parse(options, numberPositions))
    : connectable(parse(options, bigintPositions));
}

function connectable<State, Event, P extends Position>(settings: Settings<State, Event, P>): Definition<State, Event, P> {
  return {
    name: settings.name,
    version: settings.version,
    async open<Raw>(options: OpenOptions<Event, P, Raw>) {
      await init();
      return openRepository(settings, options);
    },
  };
}

/** The options of a built-in fold in terms of the others. */
function ofBuiltIn<State, Event>(
  fold: BuiltInFold<State, Event>,
  options: FoldDefinitionOptions<State, Event>,
): BuiltInOptions<State, Event> {
  functionOption('fold.start', (fold as Partial<typeof fold> | null)?.start);
  functionOption('fold.folding.begin', (fold as Partial<typeof fold>).folding?.begin);
  digestOption('fold.digest', fold.digest);
  for (const name of OWN_FOLD) {
    const value: unknown = Reflect.get(options, name);
    if (value !== undefined) throw invalidOption(name, value, 'must be left out, since the fold is built in');
  }
  const { sequence = fold.sequence, firstPosition = fold.firstPosition } = options;
  oneOf('sequence', sequence, [fold.sequence]);
  oneOf('firstPosition', firstPosition, [fold.firstPosition]);
  return {
    ...options,
    fold,
    sequence,
    firstPosition,
    initialState: () => new FoldedState(fold.initial) as State,
    evolve: (state) => state,
  };
}

type BuiltInOptions<State, Event> = Omit<DefinitionOptions<State, Event>, 'fold'> & { readonly fold?: BuiltInFold<State, Event> | undefined };

function parse<State, Event, P extends Position>(
  options: BuiltInOptions<State, Event>,
  positions: Positions<P>,
): Settings<State, Event, P> {
  functionOption('initialState', options.initialState);
  functionOption('evolve', options.evolve);
  for (const name of ['toState', 'fromState', 'typeOf', 'sizeOf', 'kindOf', 'clock'] as const) {
    if (options[name] !== undefined) functionOption(name, options[name]);
  }
  const version = versionOption('version', options.version);
  const migrate = migrations(options.migrate ?? {}, version);
  return {
    name: nonEmptyText('name', options.name),
    version,
    initialState: options.initialState,
    evolve: options.evolve,
    fold: options.fold,
    policy: policyOption(options),
    mutable: flag('mutable', options.mutable, false),
    immutable: immutableOption(options),
    migratable: [...migrate.keys()].sort((a, b) => b - a),
    migrate,
    toState: options.toState ?? ((state) => state),
    fromState: (options.fromState as ((plain: unknown) => State) | undefined) ?? ((plain) => plain as State),
    validate: validator(options.validate),
    positions,
    sequence: oneOf('sequence', options.sequence ?? DEFAULTS.sequence, ['contiguous', 'sparse']),
    firstPosition: oneOf('firstPosition', options.firstPosition ?? DEFAULTS.firstPosition, [0, 1]),
    lateArrivals: options.lateArrivals === undefined ? 'possible' : oneOf('lateArrivals', options.lateArrivals, ['impossible']),
    ...replayOptions(options, { onStoreError: 'replay', maxReplay: undefined }),
    knows: options.knows === undefined ? undefined : new Set(eventTypes('knows', options.knows)),
    typeOf: options.typeOf,
    sizeOf: options.sizeOf,
    kindOf: options.kindOf,
    keep: retention(options.keep),
    readBack: flag('readBack', options.readBack, DEFAULTS.readBack),
    maxBytes: size('maxBytes', options.maxBytes ?? DEFAULTS.maxBytes),
    maxStateBytes: size('maxStateBytes', options.maxStateBytes ?? DEFAULTS.maxStateBytes),
    compression: compressionOption(options.compression),
    verifyOnSeal: flag('verifyOnSeal', options.verifyOnSeal, false),
    audit: imported('audit', options.audit, 'begin'),
    commitment: imported('commitment', options.commitment, 'after'),
    keys: [],
    fence: undefined,
    verbose: false,
    snapshotTimeout: duration('snapshotTimeout', options.snapshotTimeout ?? DEFAULTS.snapshotTimeout, { bits: TIMER_BITS }),
    pageSize: positiveInteger('pageSize', options.pageSize ?? DEFAULTS.pageSize),
    clock: wholeMillis(options.clock ?? Date.now),
    development: flag('development', options.development, !inProduction()),
  };
}

type ReplayOptions = Pick<CommonOptions<never>, 'onStoreError' | 'maxReplay'>;

/** Those of a definition, or of one load. */
export function replayOptions(
  { onStoreError, maxReplay }: ReplayOptions,
  otherwise: Pick<Settings<never, never, never>, 'onStoreError' | 'maxReplay'>,
  prefix = '',
): typeof otherwise {
  return {
    onStoreError: oneOf(`${prefix}onStoreError`, onStoreError ?? otherwise.onStoreError, ['replay', 'throw']),
    maxReplay: maxReplay === undefined ? otherwise.maxReplay : positiveInteger(`${prefix}maxReplay`, maxReplay),
  };
}

function versionOption(option: string, value: unknown): number {
  return positiveInteger(option, value, { bits: 32 });
}

function immutableOption({ immutable, mutable }: Pick<DefinitionOptions<never, never>, 'immutable' | 'mutable'>): SharedStates | undefined {
  if (immutable !== undefined && mutable === true) throw invalidOption('immutable', immutable, 'must not be combined with mutable: true');
  return imported('immutable', immutable, 'remember');
}

/** An option that the entry of its name makes, which has that method. */
function imported<T extends object>(option: string, value: T | undefined, method: keyof T): T | undefined {
  if (value === undefined || typeof value[method] === 'function') return value;
  throw invalidOption(option, value, `must be that of snapfold/${option}`);
}

function policyOption<State>(options: CommonOptions<never>): Policy<State> {
  const policy = options.policy ?? everyEvents(DEFAULTS.everyEvents);
  if (!isPolicy(policy)) throw invalidOption('policy', policy, 'must be a policy, such as everyEvents(100)');
  if (mentions(policy.spec, 'perKind') && options.kindOf === undefined) {
    throw invalidOption('kindOf', undefined, 'must be given, since the policy uses perKind');
  }
  return policy as Policy<State>;
}

function mentions(spec: PolicySpec, trigger: string): boolean {
  if (spec === 'never') return false;
  if (trigger in spec) return true;
  if ('anyOf' in spec) return spec.anyOf.some((part) => mentions(part, trigger));
  if ('allOf' in spec) return spec.allOf.some((part) => mentions(part, trigger));
  return 'jitter' in spec && mentions(spec.jitter.policy, trigger);
}

/** The chain must lead to `version` without gaps: a missing link would silently replay everything older. */
function migrations(
  migrate: Readonly<Record<number, (state: never) => unknown>>,
  version: number,
): ReadonlyMap<number, (state: unknown) => unknown> {
  table('migrate', migrate);
  const steps = new Map<number, (state: unknown) => unknown>();
  for (const [key, step] of Object.entries(migrate)) {
    functionOption(`migrate[${key}]`, step);
    const from = versionOption(`migrate[${key}]`, Number(key));
    if (from >= version) throw invalidOption(`migrate[${key}]`, from, `must start from a version below ${version}`);
    steps.set(from, step as (state: unknown) => unknown);
  }
  for (let from = Math.min(...steps.keys()); from < version; from += 1) {
    if (!steps.has(from)) {
      throw new SnapshotError('invalidOption', `the chain has a gap: there is no step from ${from} to ${from + 1}`, {
        path: `migrate[${from}]`,
      });
    }
  }
  return steps;
}

function flag(option: string, value: unknown, otherwise: boolean): boolean {
  return value === undefined ? otherwise : oneOf(option, value, [true, false]);
}

function wholeMillis(clock: () => number): () => number {
  return () => {
    const now = Math.trunc(hosted('clock', 'invalidOption', clock));
    if (Number.isSafeInteger(now)) return now;
    throw invalidOption('clock', now, 'must return milliseconds since 1970');
  };
}
