/** The public surface of the package, the same on every runtime. */
export { DEFAULTS } from './defaults.js';
export type { BuiltInFold, FoldSession } from './built-in.js';
export { defineSnapshots, type AuditRule, type CommitmentRule, type CommonOptions, type Definition, type DefinitionOptions, type FoldDefinitionOptions, type SharedStates } from './definition.js';
export { SnapshotError, type ErrorCode } from './error.js';
export type { EventBounds, EventRow, EventSource, ReadOptions, Row } from './events.js';
export { inspect, open, seal, type SealOptions } from './frame.js';
export type { Handle } from './handle.js';
export type { Expect, Header, HeaderInput, PayloadFacts } from './head.js';
export type { Duration, Size } from './options.js';
export {
  allOf,
  anyOf,
  decide,
  everyBytes,
  everyElapsed,
  everyEvents,
  never,
  perKind,
  slowLoad,
  tailRatio,
  whenEvent,
  whenState,
  withJitter,
  type Decision,
  type Observation,
  type Policy,
  type PolicySpec,
} from './policy.js';
export type { Position, PositionInput, PositionKind } from './position.js';
export type { Rejection } from './progress.js';
export type { Audit, Observer, Report, SkippedCode } from './report.js';
export type { Retention } from './retention.js';
export type { AppendedOptions, LoadOptions, OpenOptions, Repository } from './repository.js';
export type { StandardSchema } from './schema.js';
export type { SigningKey } from './signing.js';
export type { Outcome } from './snapshotter.js';
export type { ListOptions, NewestOptions, SnapshotMeta, SnapshotStore, StoreOp, StoreOptions } from './store.js';
export { memoryStore } from './stores/memory.js';
export { decode } from './value/decode.js';
export { firstDifference } from './value/difference.js';
export { encode, type EncodeOptions } from './value/encode.js';
export { init } from './wasm-module.js';
export type { LoadProgress, WatchOptions } from './watching.js';
