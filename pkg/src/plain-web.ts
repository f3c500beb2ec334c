/** Where browsers get the plain module: at the same place as the core, seen from a bundle of both. */
import type { ModuleSource } from './wasm-module.js';
import { fetched } from './runtime/compiled.js';

export const source: ModuleSource = {
  later: async () => fetched(new URL('../wasm/snapfold-core.wasm', import.meta.url)),
};
