/** Entry with the core inside, as base64, for pages and bundlers that cannot serve a file beside it. A third larger than the default one. */
import encoded from '../wasm/snapfold-inline.js';
import { provideCore } from './core.js';
import { compiledFrom } from './runtime/compiled.js';

provideCore({ later: async () => compiledFrom(Uint8Array.from(atob(encoded), (character) => character.charCodeAt(0))) });

export * from './index.js';
