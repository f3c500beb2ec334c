/** What an application pays for the default entry: bytes, and bytes as a server sends them (brotli at its best). */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync } from 'node:zlib';
import { build } from 'esbuild';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

const bundle = await build({
  entryPoints: [here('../dist/node.js')],
  bundle: true,
  minify: true,
  format: 'esm',
  platform: 'node',
  write: false,
});
const parts = { 'TypeScript and glue': bundle.outputFiles[0].contents, module: readFileSync(here('../wasm/snapfold_bg.wasm')) };
for (const [name, bytes] of Object.entries(parts)) console.log(`${bytes.length} ${brotliCompressSync(bytes).length} ${name}`);
