/** Entry for Cloudflare Workers and other hosts of workerd, which compile modules beforehand. */
import module from '../wasm/snapfold_bg.wasm';
import { provideCore } from './core.js';

provideCore({ now: () => module });

export * from './index.js';
