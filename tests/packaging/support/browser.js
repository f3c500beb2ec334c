/** Fixtures in a real Chromium: a server of files, and a page whose report is awaited. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { delimiter, extname, join, normalize } from 'node:path';
import { chromium } from 'playwright-core';

const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-background-networking'];
const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
const TYPES = { '.html': 'text/html', '.js': 'text/javascript', '.mjs': 'text/javascript', '.json': 'application/json', '.wasm': 'application/wasm' };

const executablePath = found();

/** Why browsers cannot be tested here, or false. */
export const lack =
  executablePath === undefined &&
  'SKIPPED: no Chromium. `apt-get install chromium`, or without root `npx playwright-core install chromium` in tests/packaging, or name one in SNAPFOLD_CHROMIUM';

export const launch = () => chromium.launch({ executablePath, args: FLAGS });

/** What the page reports in its `output`, and the bodies that it was sent, by path. Throws what the page throws. */
export async function visit(browser, url) {
  const page = await browser.newPage();
  const bodies = [];
  page.on('response', (response) => bodies.push(response.body().then((body) => [new URL(response.url()).pathname, body], () => [])));
  const failure = new Promise((_, reject) => page.on('pageerror', reject));
  failure.catch(() => {}); // it may come before anybody waits for it
  try {
    await page.goto(url);
    const output = page.locator('output:not(:empty)');
    await Promise.race([output.waitFor({ state: 'attached' }), failure]);
    return { report: JSON.parse(await output.textContent()), sent: Object.fromEntries(await Promise.all(bodies)) };
  } finally {
    await page.close();
  }
}

/** Serves the files of `folders`, the first that has one, until it is closed. */
export async function serve(...folders) {
  const server = createServer(({ url }, response) => {
    const { pathname } = new URL(url, 'http://localhost');
    const path = normalize(decodeURIComponent(pathname.endsWith('/') ? `${pathname}index.html` : pathname));
    const file = folders.map((folder) => join(folder, path)).find((file) => existsSync(file) && statSync(file).isFile());
    if (file === undefined) return response.writeHead(404).end();
    return response.writeHead(200, { 'content-type': TYPES[extname(file)] ?? 'application/octet-stream' }).end(readFileSync(file));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = () => new Promise((resolve) => server.close(resolve).closeAllConnections());
  return { url: `http://127.0.0.1:${server.address().port}/`, close };
}

function found() {
  if (process.env.SNAPFOLD_CHROMIUM) return process.env.SNAPFOLD_CHROMIUM;
  const files = process.env.PATH.split(delimiter).flatMap((folder) => NAMES.map((name) => join(folder, name)));
  return [...files, chromium.executablePath()].find((file) => existsSync(file));
}
