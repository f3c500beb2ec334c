/** Programs for other runtimes, of this package as it is built. */
import { mkdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

export const pkg = fileURLToPath(new URL('../..', import.meta.url));

/** A script of this folder. */
export function script(name: string): string {
  return fileURLToPath(new URL(`${name}.js`, import.meta.url));
}

/** Bundles a program for a runtime that takes `condition` of the package's exports; the file, in a folder with its modules. */
export async function bundled(file: string, condition: string): Promise<string> {
  const outdir = join(pkg, 'dist-test', 'bundles', `${condition}-${basename(file, '.js')}`); // of its own: tests run at once
  mkdirSync(outdir, { recursive: true });
  await build({
    entryPoints: [file],
    external: ['cloudflare:*'],
    bundle: true,
    format: 'esm',
    platform: 'neutral',
    mainFields: ['module', 'main'],
    conditions: [condition],
    loader: { '.wasm': 'copy' },
    outdir,
    logLevel: 'warning',
  });
  return join(outdir, basename(file));
}
