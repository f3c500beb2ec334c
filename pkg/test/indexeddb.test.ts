/** The store on IndexedDB, inside a real Chromium: the suite, two tabs, upgrades, tabs and browsers that are killed, and no room left. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test, type TestContext } from 'node:test';
import type { Page } from 'playwright-core';
import { memoryStore, type SnapshotStore } from 'snapfold';
import { storeConformance } from 'snapfold/testing';
import { bundled, script } from './support/bundles.js';
import { chromiumProgram, serve, startChromium, type Running, type Site } from './support/chromium.js';
import { LIVES, type Said } from './support/inside.js';
import { leftAfter } from './support/writing.js';

const found = chromiumProgram();

const program = 'program' in found ? found.program : '';
const skip = 'lack' in found && found.lack;
const folder = mkdtempSync(path.join(tmpdir(), 'snapfold-chromium-'));
let site: Site;
let running: Running;

before(async () => {
  if (skip !== false) return;
  site = await serve(await bundled(script('page'), 'browser'));
  running = await startChromium(program, path.join(folder, 'profile'));
});
after(async () => {
  if (skip !== false) return;
  await running.kill();
  site.close();
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});

/** A tab; all tabs share their databases. */
async function tab(): Promise<Page> {
  const [context] = running.browser.contexts(); // the profile's; others share nothing with it
  assert.ok(context);
  const page = await context.newPage();
  await page.goto(site.origin);
  return page;
}

const ask = <T>(page: Page, method: string, ...args: readonly unknown[]): Promise<T> =>
  page.evaluate(`page.${method}(...${JSON.stringify(args)})`) as Promise<T>;

const KEY = 'cart/cart-1/s/v1/fffffffffffffff8';
const OFFERS = ['putIfAbsent', 'newest', 'transact', 'signal'] as const;

function assertPassed(t: TestContext, said: Said, reopens: boolean): void {
  const checks = storeConformance(memoryStore, { offers: OFFERS, ...(reopens ? { reopen: (store: SnapshotStore) => store } : {}) });
  assert.deepEqual(said, { passed: [...checks.map(({ name }) => name), LIVES], failed: [] });
  t.diagnostic(`${said.passed.length} checks in Chromium ${running.browser.version()}`);
}

test('a database of its own: all checks, and a repository lives on it', { skip }, async (t) => {
  assertPassed(t, await ask<Said>(await tab(), 'ownDatabase'), true);
});

for (const kind of ['idb', 'plain', 'function'] as const) {
  test(`the application's own database (${kind}): all checks, and a repository lives on it`, { skip }, async (t) => {
    assertPassed(t, await ask<Said>(await tab(), 'appDatabase', kind), false);
  });
}

test('a connection that the application has closed, and a missing object store, are typed errors; a function gives the next one', { skip }, async () => {
  const { refused, bytes, missing } = await ask<{ refused: string; bytes: number[]; missing: string }>(await tab(), 'closedByApplication');
  assert.match(refused, /^storeFailed: the connection to the database is closed; give indexedDbStore a function/);
  assert.deepEqual(bytes, [1]);
  assert.match(missing, /^invalidOption: there is no object store others; call createSnapshots/);
});

test('two tabs: each sees what the other has written, and of two that put if absent one wins', { skip }, async () => {
  const [one, other] = [await tab(), await tab()];
  await ask(one, 'put', 'two-tabs', KEY, 1);
  assert.deepEqual(await ask(other, 'get', 'two-tabs', KEY), [1]);
  const [first, second] = await Promise.all([ask<number[]>(one, 'race', 'two-tabs', 1, 100), ask<number[]>(other, 'race', 'two-tabs', 2, 100)]);
  assert.deepEqual([...first, ...second].sort((a, b) => a - b), Array.from({ length: 100 }, (_, index) => index));
  for (const [index, winner] of [[first[0], 1], [second[0], 2]] as const) {
    if (index !== undefined) assert.deepEqual(await ask(one, 'get', 'two-tabs', `race/${index}`), [winner]);
  }
});

test('another tab upgrades the database: the connection makes way, and the next operation has a new one', { skip }, async () => {
  const [one, other] = [await tab(), await tab()];
  await ask(one, 'put', 'upgraded', KEY, 1);
  assert.equal(await ask(other, 'upgraded', 'upgraded', 7), 'success');
  assert.equal(await ask(other, 'version', 'upgraded'), 7);
  assert.deepEqual(await ask(one, 'get', 'upgraded', KEY), [1]);
  await ask(one, 'put', 'upgraded', KEY, 2);
  assert.deepEqual(await ask(other, 'get', 'upgraded', KEY), [2]);
});

test('another tab upgrades while this one writes: nothing is lost, and nobody is in the way', { skip }, async () => {
  const [one, other] = [await tab(), await tab()];
  const writing = ask<number[]>(one, 'race', 'upgraded-meanwhile', 1, 200);
  await ask(other, 'put', 'upgraded-meanwhile', KEY, 9); // so that it is there
  for (const version of [2, 3, 4, 5]) assert.equal(await ask(other, 'upgraded', 'upgraded-meanwhile', version), 'success');
  assert.equal((await writing).length, 200);
});

test('another tab deletes the database: it is made again', { skip }, async () => {
  const [one, other] = [await tab(), await tab()];
  await ask(one, 'put', 'deleted', KEY, 1);
  assert.equal(await ask(other, 'deleted', 'deleted'), 'success');
  assert.deepEqual(await ask(one, 'get', 'deleted', KEY), []);
  await ask(one, 'put', 'deleted', KEY, 2);
  assert.deepEqual(await ask(other, 'get', 'deleted', KEY), [2]);
});

test('an upgrade that another tab blocks is a typed error, and works once that lets go', { skip }, async () => {
  const [one, other] = [await tab(), await tab()];
  assert.equal(await ask(other, 'hold', 'blocked'), 'success'); // which has made it, empty
  assert.match(await ask(one, 'refused', 'blocked', KEY, 3), /^storeFailed: another tab holds the database blocked open .* close or reload that tab/);
  await ask(other, 'release');
  await ask(one, 'put', 'blocked', KEY, 1);
  assert.deepEqual(await ask(one, 'get', 'blocked', KEY), [1]);
});

test('a database that is somebody else’s is not upgraded', { skip }, async () => {
  const page = await tab();
  await ask(page, 'upgraded', 'theirs', 3);
  await page.evaluate(`new Promise((done) => {
    const request = indexedDB.open('theirs', 4);
    request.onupgradeneeded = () => request.result.createObjectStore('things');
    request.onsuccess = () => { request.result.close(); done(); };
  })`);
  assert.match(await ask(page, 'refused', 'theirs', KEY, 3), /^invalidOption: the database theirs is there, without an object store .* createSnapshots/);
  assert.equal(await ask(page, 'version', 'theirs'), 4);
});

test('a signal that is aborted ends the waiting for a connection', { skip }, async () => {
  assert.equal(await ask(await tab(), 'givenUp'), 'undefined: given up');
});

test('the user clears the site’s data: the store goes on', { skip }, async () => {
  const page = await tab();
  await ask(page, 'put', 'cleared', KEY, 1);
  const session = await page.context().newCDPSession(page);
  await session.send('Storage.clearDataForOrigin', { origin: site.origin, storageTypes: 'indexeddb' });
  assert.deepEqual(await ask(page, 'get', 'cleared', KEY), []);
  await ask(page, 'put', 'cleared', KEY, 2);
  assert.deepEqual(await ask(page, 'get', 'cleared', KEY), [2]);
});

test('no room is left: a typed error that says what to do, what was there stays, and once there is room the store goes on', { skip }, async () => {
  const page = await tab();
  const small = await serve(await bundled(script('page'), 'browser')); // another origin, of which Chromium has not yet noted how much room there is
  await page.goto(small.origin);
  const session = await page.context().newCDPSession(page);
  const quota = (quotaSize: number) => session.send('Storage.overrideQuotaForOrigin', { origin: small.origin, quotaSize });
  await quota(500_000);
  await ask(page, 'put', 'full', KEY, 1);
  assert.match(await ask(page, 'refused', 'full', KEY, 3_000_000), /^storeFailed: the browser gives this origin no more room; delete/);
  assert.deepEqual(await ask(page, 'get', 'full', KEY), [1]);
  await quota(50_000_000);
  assert.equal(await ask(page, 'refused', 'full', KEY, 3_000_000), 'nothing was refused');
  await page.close();
  small.close();
});

// Killed while they write

const WRITERS = [0, 1];
/** What the plans of the steps ask of a store: whether it has these methods. */
const able = { ...memoryStore(), putIfAbsent: () => true, transact: () => {} } as SnapshotStore;

/** Two tabs write until `end` ends them; what they announced is there in the end, and at most one step more, whole. */
async function campaign(t: TestContext, database: string, rounds: number, end: (pages: readonly Page[]) => Promise<unknown>): Promise<void> {
  const done = WRITERS.map(() => 0);
  for (let round = 1; round <= rounds; round += 1) {
    const announced = [...done];
    const pages = await Promise.all(WRITERS.map(() => tab()));
    const enough = new Promise<void>((resolve) => {
      let left = 2 + ((round * 7) % 11);
      const announce = (writer: number, step: number) => {
        announced[writer] = step;
        if ((left -= 1) === 0) resolve();
      };
      void Promise.all(pages.map((page) => page.exposeFunction('announce', announce))).then(() => {
        for (const writer of WRITERS) void ask(pages[writer] as Page, 'write', database, writer, (done[writer] as number) + 1).catch(() => {});
      });
    });
    await enough;
    await end(pages);
    const reader = await tab();
    for (const writer of WRITERS) {
      const left = await ask<[string, number | null][]>(reader, 'left', database, writer);
      const reached = [0, 1].map((more) => (announced[writer] as number) + more).find((step) => same(left, leftAfter(able, writer, step)));
      assert.ok(reached !== undefined, `round ${round}, writer ${writer}: announced ${announced[writer]}, left ${JSON.stringify(left)}`);
      done[writer] = reached;
    }
    await reader.close();
  }
  t.diagnostic(`KILLED: ${rounds * WRITERS.length} writers after ${done.reduce((sum, each) => sum + each, 0)} writes; lost 0, torn 0`);
}

function same(left: readonly (readonly [string, number | null])[], wanted: ReadonlyMap<string, number>): boolean {
  return left.length === wanted.size && left.every(([key, step]) => wanted.get(key) === step);
}

test('tabs that are closed while they write: nothing torn, nothing acknowledged lost', { skip }, async (t) => {
  await campaign(t, 'closed', 30, (pages) => Promise.all(pages.map((page) => page.close({ runBeforeUnload: false }))));
});

/**
 * Not in every run: of about ten runs one found the whole database gone, which Chromium may do to an origin that it met some seconds before it
 * is killed. What lies behind that is not known for certain.
 */
const killing = process.env['SNAPFOLD_KILL_BROWSERS'] !== undefined;
const spared = killing ? skip : 'SKIPPED: Chromium is killed only with SNAPFOLD_KILL_BROWSERS=1; killed within seconds it was seen to forget an origin';

test('a browser that is killed while two tabs write: nothing torn, nothing acknowledged lost', { skip: spared }, async (t) => {
  await campaign(t, 'killed', 8, async () => {
    await running.kill();
    running = await startChromium(program, path.join(folder, 'profile'));
  });
});
