/** The plain module of workerd, which compiles modules beforehand. */
import module from '../wasm/snapfold-core.wasm';
import type { ModuleSource } from './wasm-module.js';

export const source: ModuleSource = { now: () => module };
