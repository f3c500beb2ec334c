/** What the package calls of the generated glue, one by one, so that bundlers leave out the rest. */
export { CompiledPolicy, Scratch, ask } from '../wasm/snapfold.js';
