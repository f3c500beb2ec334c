/** What the package calls of the generated glue, one by one, so that bundlers leave out the rest. */
export {
  CompiledPolicy,
  Scratch,
  attemptKey,
  frameHead,
  inspectHead,
  maxHeadBytes,
  nextLoad,
  nextSave,
  planPrune,
  planSave,
  positionOf,
  sha256,
  snapshotKey,
  snapshotPrefix,
  streamPrefix,
} from '../wasm/snapfold.js';
