/** The programs in docs/stores.md that are for other runtimes run there, and give what their comments say. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { bundled, pkg } from './support/bundles.js';
import { chromiumProgram, serve, startChromium } from './support/chromium.js';
import { denoProgram, DENO_FLAGS } from './support/deno.js';
import { workerd } from './support/workerd.js';

const document = readFileSync(`${pkg}../docs/stores.md`, 'utf8');
const folder = `${pkg}dist-test/documents/`;
mkdirSync(folder, { recursive: true });
const profile = mkdtempSync(path.join(tmpdir(), 'snapfold-documents-'));
after(() => rmSync(profile, { recursive: true, force: true, maxRetries: 5 }));

/** The files with the programs for that runtime, and what they promise. */
function programs(runtime: string, promise: RegExp): { readonly file: string; readonly promised: string[] }[] {
  const found = [...document.matchAll(new RegExp(`\`\`\`js ${runtime}\\n([\\s\\S]*?)\`\`\``, 'g'))];
  assert.ok(found.length > 0, `there is a program for ${runtime}`);
  return found.map(([, code = ''], index) => {
    const file = `${folder}${runtime}-${index}.js`;
    writeFileSync(file, code);
    const promised = [...code.matchAll(promise)].map(([, words = '']) => words);
    assert.ok(promised.length > 0, 'it promises something');
    return { file, promised };
  });
}

const PRINTS = /^console\.log\(.*\); \/\/ (.*)$/gm;
const ANSWERS = /^ *return Response\.json\(.*\); \/\/ (.*)$/gm;

const skip = 'lack' in workerd && workerd.lack;

/** What a Worker answers. */
async function answered(file: string, className: string | undefined): Promise<string> {
  assert.ok('start' in workerd);
  const running = workerd.start(await bundled(file, 'workerd'), {
    ...(className === undefined ? {} : { durableObjects: { CART: { className, useSQLite: true } } }),
    kvNamespaces: ['NAMESPACE'],
    r2Buckets: ['BUCKET'],
  });
  try {
    return await (await running.dispatchFetch('http://worker/')).text();
  } finally {
    await running.dispose();
  }
}

test('workerd', { skip }, async () => {
  for (const { file, promised } of programs('workerd', ANSWERS)) {
    const className = /export class (\w+)/.exec(readFileSync(file, 'utf8'))?.[1];
    assert.deepEqual([await answered(file, className)], promised);
  }
});

test('the Durable Object of the document, loading inside transactionSync: past a damaged snapshot, whole or not at all, and as a repository does', { skip }, async () => {
  const [cart] = programs('workerd', ANSWERS);
  const file = `${folder}tested.js`;
  writeFileSync(file, `
    import { defineSnapshots, never } from 'snapfold';
    import { Cart } from './${path.basename(cart?.file ?? '')}';

    const carts = defineSnapshots({
      name: 'cart', version: 1, policy: never(), initialState: () => ({ total: 0 }), evolve: ({ total }, { price }) => ({ total: total + price }),
    });

    export class Tested extends Cart {
      async tried() {
        const empty = this.load();
        for (let count = 1; count <= 310; count += 1) this.add(1);
        const sound = this.load();
        const kept = this.store.list('cart/', { limit: 9 });
        const bytes = this.store.get(kept[0]);
        bytes[bytes.length - 40] ^= 1;
        this.store.put(kept[0], bytes);
        const damaged = this.load();
        let refused;
        try {
          this.ctx.storage.transactionSync(() => {
            this.add(2);
            this.add(10_000);
          });
        } catch ({ message }) {
          refused = message;
        }
        const read = (_, { from, limit }) => this.events(from ?? 1, limit).toArray().map(({ position, id, data }) => ({ position, id, event: JSON.parse(data) }));
        const repo = await carts.open({ store: this.store, events: { history: 'complete', read }, observe() {} });
        const { state, restoredFrom, rejected } = await repo.load('mine');
        return { empty, sound, kept: kept.length, damaged, refused, after: this.load(), repo: [state.total, restoredFrom, rejected.map(({ code }) => code)] };
      }
    }

    export default { fetch: async (_, { CART }) => Response.json(await CART.get(CART.idFromName('one')).tried()) };
  `);
  const at = (position: number, from: number) => ({ position, total: position, from });
  assert.deepEqual(JSON.parse(await answered(file, 'Tested')), {
    empty: at(0, 0),
    sound: at(310, 300),
    kept: 2,
    damaged: at(310, 200),
    refused: 'too much for one cart',
    after: at(310, 200),
    repo: [310, 200, ['corrupt']],
  });
});

const deno = denoProgram();

test('Deno', { skip: 'lack' in deno && deno.lack }, () => {
  assert.ok('program' in deno);
  for (const { file, promised } of programs('deno', PRINTS)) {
    const said: string = execFileSync(deno.program, [...DENO_FLAGS, file], { encoding: 'utf8', env: { ...process.env, DENO_DIR: profile } });
    assert.deepEqual(said.trim().split('\n'), promised);
  }
});

const chromium = chromiumProgram();

test('Chromium', { skip: 'lack' in chromium && chromium.lack }, async () => {
  assert.ok('program' in chromium);
  const running = await startChromium(chromium.program, profile);
  try {
    for (const { file, promised } of programs('browser', PRINTS)) {
      const site = await serve(await bundled(file, 'browser'));
      const page = await running.browser.newPage();
      const said: string[] = [];
      const last = page.waitForEvent('console', (message): boolean => said.push(message.text()) === promised.length);
      const wrong = new Promise<never>((_, reject) => page.once('pageerror', reject));
      await page.goto(site.origin);
      await Promise.race([last, wrong]);
      assert.deepEqual(said, promised);
      site.close();
    }
  } finally {
    await running.kill();
  }
});
