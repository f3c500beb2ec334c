/** A real Chromium, and a server with the page of these tests. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { chromium, type Browser } from 'playwright-core';
import { pkg } from './bundles.js';

const FLAGS = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-background-networking', '--no-first-run', '--remote-debugging-port=0'];

/** The program, or why there is none. */
export function chromiumProgram(): { readonly program: string } | { readonly lack: string } {
  const given = process.env['SNAPFOLD_CHROMIUM'];
  if (given !== undefined) return { program: given };
  for (const name of ['chromium', 'chromium-browser', 'google-chrome']) {
    try {
      return { program: execFileSync('which', [name], { encoding: 'utf8', stdio: 'pipe' }).trim() };
    } catch {
      // not on the PATH
    }
  }
  const program = chromium.executablePath();
  if (existsSync(program)) return { program };
  const remedy = 'install it (Debian: apt-get install chromium; anywhere: npx playwright-core install chromium), or name it in SNAPFOLD_CHROMIUM';
  return { lack: `SKIPPED: there is no Chromium, so that IndexedDB is not tested; ${remedy}` };
}

export interface Running {
  readonly browser: Browser;
  /** SIGKILL to all of its processes. */
  kill(): Promise<void>;
}

/** Starts a Chromium whose data lies in `profile`. */
export async function startChromium(program: string, profile: string): Promise<Running> {
  const child = spawn(program, [...FLAGS, `--user-data-dir=${profile}`], { stdio: ['ignore', 'ignore', 'pipe'], detached: true });
  const ended = once(child, 'close');
  let said = '';
  let endpoint: string | undefined;
  for await (const line of createInterface(child.stderr)) {
    said += `${line}\n`;
    endpoint = /^DevTools listening on (ws:\S+)/.exec(line)?.[1];
    if (endpoint !== undefined) break;
  }
  if (endpoint === undefined) throw new Error(`Chromium did not start:\n${said}`);
  child.stderr.resume();
  const browser = await chromium.connectOverCDP(endpoint);
  return {
    browser,
    async kill() {
      process.kill(-(child.pid as number), 'SIGKILL'); // the group: its renderers and helpers, too
      await ended;
    },
  };
}

export interface Site {
  readonly origin: string;
  close(): void;
}

const TYPES: Record<string, string> = { '.js': 'text/javascript', '.wasm': 'application/wasm' };

/** Serves `script` as /dist/page.js with a page around it, and the package's modules where that looks for them. */
export async function serve(script: string): Promise<Site> {
  const files = (url: string) => (url === '/dist/page.js' ? script : /^\/wasm\/[\w-]+\.wasm$/.test(url) ? path.join(pkg, url) : undefined);
  const server = createServer((request, response) => {
    const file = files(request.url ?? '');
    if (file === undefined) return void response.setHeader('content-type', 'text/html').end('<!doctype html><script type="module" src="/dist/page.js"></script>');
    readFile(file).then((bytes) => response.setHeader('content-type', TYPES[path.extname(file)] ?? '').end(bytes));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}
