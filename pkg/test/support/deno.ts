/** Deno, as the npm package `deno` brings it. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pkg } from './bundles.js';

export const DENO_FLAGS = ['run', '--unstable-kv', '--allow-read', '--allow-write', '--allow-env', '--no-remote'];

/** The program for this machine, or why there is none that runs. */
export function denoProgram(): { readonly program: string } | { readonly lack: string } {
  const packages = join(pkg, 'node_modules', '@deno');
  const names = existsSync(packages) ? readdirSync(packages) : [];
  const programs = names.flatMap((name) => ['deno', 'deno.exe'].map((file) => join(packages, name, file)));
  for (const program of programs.filter((file) => existsSync(file))) {
    try {
      execFileSync(program, ['--version'], { stdio: 'pipe' });
      return { program };
    } catch {
      // for another kind of machine
    }
  }
  return { lack: 'SKIPPED: the npm package deno has no program that runs on this machine (npm install brings it); Deno KV is not tested' };
}
