/** Entry for Node, Deno and Bun: compiles the core when it is needed first, and hashes with the runtime's own SHA-256. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { provideCore } from './core.js';
import { compiled } from './runtime/compiled.js';

provideCore(
  { now: () => compiled(readFileSync(new URL('../wasm/snapfold_bg.wasm', import.meta.url))) },
  (bytes) => new Uint8Array(createHash('sha256').update(bytes).digest()),
);

export * from './index.js';
