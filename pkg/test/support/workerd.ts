/** workerd, as the npm package `miniflare` brings it, and how a bundled Worker runs in it. */
import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import path from 'node:path';
import type { Miniflare, MiniflareOptions } from 'miniflare';

export type Started = { readonly start: (file: string, options: object) => Miniflare };

/** How a Worker is started; or why that cannot be done. */
export const workerd: Started | { readonly lack: string } = await started();

async function started(): Promise<typeof workerd> {
  try {
    const { Miniflare } = await import('miniflare');
    const { default: program } = createRequire(import.meta.url)('workerd') as { readonly default: string };
    execFileSync(program, ['--version'], { stdio: 'pipe' });
    return { start: (file, options) => new Miniflare({ ...basis(file), ...options } as MiniflareOptions) };
  } catch {
    return { lack: 'SKIPPED: the npm package workerd has no program that runs on this machine (npm install brings it); the stores of Cloudflare are not tested' };
  }
}

function basis(file: string): MiniflareOptions {
  return {
    modules: true,
    scriptPath: file,
    modulesRoot: path.dirname(file),
    modulesRules: [{ type: 'CompiledWasm', include: ['**/*.wasm'] }],
    compatibilityDate: '2026-04-01',
  };
}
