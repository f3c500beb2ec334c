/**
 * What an application pays for the default entry: bytes, and bytes as a server sends them (brotli at its best). The application is that of the
 * README, bundled for browsers; every further export costs what it costs.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync } from 'node:zlib';
import { build } from 'esbuild';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

const bundle = await build({
  stdin: { contents: `import { defineSnapshots, everyEvents, init, memoryStore } from './web.js'; globalThis.app = [defineSnapshots, everyEvents, init, memoryStore];`, resolveDir: here('../dist') },
  define: { 'process.env.NODE_ENV': '"production"' },
  bundle: true,
  minify: true,
  format: 'esm',
  platform: 'browser',
  write: false,
});
const parts = { 'TypeScript and glue': bundle.outputFiles[0].contents, module: readFileSync(here('../wasm/snapfold_bg.wasm')) };
for (const [name, bytes] of Object.entries(parts)) console.log(`${bytes.length} ${brotliCompressSync(bytes).length} ${name}`);
