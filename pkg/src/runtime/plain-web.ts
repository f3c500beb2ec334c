/** Where browsers get the plain module. */
import type { ModuleSource } from '../wasm-module.js';
import { fetched } from './compiled.js';

export const source: ModuleSource = {
  later: async () => fetched(new URL('../../wasm/snapfold-core.wasm', import.meta.url)),
};
