/** Entry for browsers, and for every runtime that has no other: fetches the core when it is needed first. */
import { provideCore } from './core.js';
import { fetched } from './runtime/compiled.js';

provideCore({ later: async () => fetched(new URL('../wasm/snapfold_bg.wasm', import.meta.url)) });

export * from './index.js';
