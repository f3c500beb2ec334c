/** Entry for Node: compiles the core synchronously and hashes with the runtime's own SHA-256. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { ask, initSync, step } from '../wasm/snapfold.js';
import { installCore } from './core.js';

const { memory } = initSync({ module: readFileSync(new URL('../wasm/snapfold_bg.wasm', import.meta.url)) });
installCore({ ask, step }, memory, (bytes) => new Uint8Array(createHash('sha256').update(bytes).digest()));

/** Loads the core where that takes time; here it is there already. One snippet runs on every runtime. */
export async function init(): Promise<void> {}

export * from './index.js';
