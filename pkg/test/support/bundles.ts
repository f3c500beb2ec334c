/** Programs for other runtimes, of this package as it is built. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

export const pkg = fileURLToPath(new URL('../..', import.meta.url));

/** Bundles a script of this folder for a runtime that takes `condition` of the package's exports; the file, in a folder with its modules. */
export async function bundled(script: string, condition: string): Promise<string> {
  const outdir = join(pkg, 'dist-test', 'bundles', condition);
  mkdirSync(outdir, { recursive: true });
  await build({
    entryPoints: [fileURLToPath(new URL(`${script}.js`, import.meta.url))],
    bundle: true,
    format: 'esm',
    platform: 'neutral',
    mainFields: ['module', 'main'],
    conditions: [condition],
    loader: { '.wasm': 'copy' },
    outdir,
    logLevel: 'warning',
  });
  return join(outdir, `${script}.js`);
}
