/** Where Node, Deno and Bun have the plain module. */
import { readFileSync } from 'node:fs';
import type { ModuleSource } from './wasm-module.js';
import { compiled } from './runtime/compiled.js';

export const source: ModuleSource = {
  now: () => compiled(readFileSync(new URL('../wasm/snapfold-core.wasm', import.meta.url))),
};
