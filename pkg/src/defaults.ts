/** What holds where nothing else is said; docs/defaults.md shows the same table, and a test compares the two. */
export const DEFAULTS = {
  /** `everyEvents(…)` of the default policy. */
  everyEvents: 100,
  /** Snapshots kept per slot. */
  keep: 2,
  /** Whether a snapshot is read back before anything is deleted behind it. */
  readBack: true,
  sequence: 'contiguous',
  firstPosition: 1,
  positions: 'number',
  /** Events per read. */
  pageSize: 1_000,
  /** Largest frame that is written, bytes, inclusive. */
  maxBytes: 1_000_000,
  /** Largest state that is written or read, bytes, inclusive. */
  maxStateBytes: 64 * 1024 * 1024,
  /** Longest time that a save may take, milliseconds. */
  snapshotTimeout: 5_000,
  /** Streams of which a repository remembers the last snapshot and attempt. */
  rememberedStreams: 10_000,
  /** Encoded states that a repository remembers for `immutable`, bytes; it holds room for twice as many. */
  rememberedBytes: 64 * 1024 * 1024,
} as const;
