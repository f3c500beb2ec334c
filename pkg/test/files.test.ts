/** Snapshots as files: names, leftovers, what others put into the folder, and writers that meet deleters. */
import assert from 'node:assert/strict';
import fs, { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { keys } from 'snapfold/plans';
import { filesStore } from 'snapfold/files';
import { fileOf, foldersOf, segmentOfFile, segmentOfFolder } from '../dist/stores/file-names.js';

const folder = mkdtempSync(path.join(tmpdir(), 'snapfold-files-'));
after(() => rmSync(folder, { recursive: true }));

let made = 0;
const newFolder = () => path.join(folder, `store-${++made}`);

const one = Uint8Array.of(1);
const everything = { limit: 1_000 };

/** Everything in a folder, folders with a slash at the end. */
function contents(root: string): string[] {
  const entries = readdirSync(root, { withFileTypes: true, recursive: true });
  return entries.map((entry) => path.relative(root, path.join(entry.parentPath, entry.name)) + (entry.isDirectory() ? '/' : '')).sort();
}

test('a key’s file is where its name says', async () => {
  const root = newFolder();
  const store = filesStore(root);
  await store.put(keys.snapshot('cart', 'Cart/42', 3, 7), one);
  await store.put(keys.snapshot('con', 'x.snap', 3, 7), one);
  assert.deepEqual(contents(root).filter((name) => name.endsWith('.snap')), [
    '%63on/x%2esnap/s/v3/fffffffffffffff8.snap',
    'cart/~43art~2f42/s/v3/fffffffffffffff8.snap',
  ]);
});

/** Rust's store reads and writes the same folders (tests/stores/files.rs). */
test('keys have the file names that are written down', async () => {
  const vectors = JSON.parse(readFileSync(new URL('../../tests/vectors/file-names.json', import.meta.url), 'utf8')) as { key: string; file: string }[];
  assert.ok(vectors.length > 10);
  const root = newFolder();
  const store = filesStore(root);
  for (const { key, file } of [...vectors, { key: 'con./com1.', file: '%63on%2e/%63om1%2e.snap' }]) {
    await store.put(key, one);
    assert.deepEqual(new Uint8Array(readFileSync(path.join(root, file))), one, key);
    assert.deepEqual(contents(root).filter((name) => name.endsWith('.snap')), [file]);
    assert.deepEqual(await store.list('', { limit: 9 }), [key]);
    await store.delete([key]);
    assert.deepEqual(contents(root), [], `${key}: a folder is left`);
  }
});

test('where the file system has no hard links, what lies there still stays', async () => {
  const { link } = fs.promises;
  fs.promises.link = async () => Promise.reject(Object.assign(new Error('no links here'), { code: 'EPERM' }));
  syncBuiltinESMExports();
  try {
    const root = newFolder();
    const store = filesStore(root);
    const key = keys.snapshot('cart', 'cart-42', 3, 7);
    assert.equal(await store.putIfAbsent(key, one), true);
    assert.equal(await store.putIfAbsent(key, Uint8Array.of(2)), false);
    assert.deepEqual(await store.get(key), one);
    assert.deepEqual(contents(root).filter((name) => !name.endsWith('/')), ['cart/cart-42/s/v3/fffffffffffffff8.snap']);
  } finally {
    fs.promises.link = link;
    syncBuiltinESMExports();
  }
});

const character = fc.integer({ min: 0, max: 127 }).map((code) => String.fromCharCode(code));
const segment = fc.string({ unit: character.filter((each) => each !== '/'), maxLength: 12 });
const likely = fc.constantFrom(
  ...['con', 'con.txt', 'CON', 'nul', 'com1', 'com10', 'lpt9.a.b', 'aux', 'auxiliary', '.', '..', '...', 'a.', '.a'],
  ...['', '%', '%41', 'A', 'a.snap', '.snap', 'snap', '~7e', 'a b', 'x:y', 'a\0'],
);

test('every key has names of its own, and they lead back to it', () => {
  fc.assert(
    fc.property(fc.oneof(segment, likely), fc.oneof(segment, likely), (a, b) => {
      const [folderA] = foldersOf(`${a}/`) as [string];
      assert.equal(segmentOfFolder(folderA), a);
      assert.equal(segmentOfFile(fileOf(a)), a);
      // Equal names but for capitals would be one file on some systems; and a folder never has the name of a file.
      const [folderB] = foldersOf(`${b}/`) as [string];
      if (a !== b) assert.notEqual(folderA.toLowerCase(), folderB.toLowerCase());
      if (a !== b) assert.notEqual(fileOf(a).toLowerCase(), fileOf(b).toLowerCase());
      assert.notEqual(folderA.toLowerCase(), fileOf(b).toLowerCase());
    }),
    { numRuns: 2_000 },
  );
});

test('no name is one that a system understands differently', () => {
  fc.assert(
    fc.property(fc.oneof(segment, likely), (text) => {
      for (const name of [...foldersOf(`${text}/`), fileOf(text)]) {
        assert.match(name, /^[a-z0-9._~%-]+$/);
        assert.doesNotMatch(name, /^\.|\.$/);
        assert.doesNotMatch(name, /^(con|prn|aux|nul|com\d|lpt\d)(\..*)?$/);
      }
    }),
    { numRuns: 2_000 },
  );
});

test('names of what the package makes are never too long', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 300 }).filter((id) => id.isWellFormed()), (id) => {
      const key = keys.snapshot('con', id, 2 ** 32 - 1, 2n ** 64n - 1n);
      for (const name of [...foldersOf(key), fileOf(key)]) assert.ok(Buffer.byteLength(name) <= 110, name);
    }),
  );
});

test('listings are those of a store in memory, whatever the keys, prefixes and starts', async () => {
  const text = fc.array(fc.constantFrom('a', 'b', '-', '.', '/', '0', '~7e', 'A', 'con'), { maxLength: 5 }).map((parts) => parts.join(''));
  await fc.assert(
    fc.asyncProperty(fc.uniqueArray(text, { minLength: 1, maxLength: 8 }), text, text, fc.integer({ min: 0, max: 9 }), async (names, prefix, start, limit) => {
      const store = filesStore(newFolder());
      for (const key of names) await store.put(key, new TextEncoder().encode(key));
      const wanted = names.filter((key) => key.startsWith(prefix) && key >= start).sort();
      assert.deepEqual(await store.list(prefix, { start, limit }), wanted.slice(0, limit));
      const [first] = wanted;
      const newest = await store.newest(prefix, { start });
      assert.deepEqual(newest, first === undefined ? undefined : { key: first, bytes: new Uint8Array(new TextEncoder().encode(first)) });
    }),
    { numRuns: 60 },
  );
});

test('what others put into the folder is not listed, not read and not touched', async () => {
  const root = newFolder();
  const store = filesStore(root);
  const key = keys.snapshot('cart', 'a', 1, 7);
  await store.put(key, one);
  const slot = path.join(root, 'cart/a/s/v1');
  const foreign = ['README', '.DS_Store', 'FFFFFFFFFFFFFFFF.snap', 'x%zz.snap', 'ü.snap', '%c3.snap', 'con.snap', '.snap', '0.snap~', 'x.tmp'];
  for (const name of foreign) writeFileSync(path.join(slot, name), 'foreign');
  for (const name of ['Cart', 'café', 'con', '.git', '%C3', 'lost+found', 'b.snap']) mkdirSync(path.join(root, name, 'a/s/v1'), { recursive: true });
  mkdirSync(path.join(slot, `${'1'.repeat(16)}.snap`));
  symlinkSync('/etc/hostname', path.join(slot, `${'2'.repeat(16)}.snap`));
  writeFileSync(path.join(root, 'order'), 'a file where a folder would be');
  const before = contents(root);
  assert.deepEqual(await store.list('', everything), [key]);
  assert.deepEqual(await store.list('order/x/', everything), []);
  assert.equal(await store.get(keys.snapshot('order', 'x', 1, 7)), undefined);
  assert.equal(await store.get(`cart/a/s/v1/${'1'.repeat(16)}`), undefined);
  await store.delete([keys.snapshot('order', 'x', 1, 7)]);
  await assert.rejects(async () => store.put(keys.snapshot('order', 'x', 1, 7), one), { code: 'ENOTDIR' });
  assert.deepEqual(contents(root), before);
});

test('what a process that died has left is never listed; once it is an hour old, a listing of its folder removes it', async () => {
  const root = newFolder();
  const store = filesStore(root);
  const [key, other] = [keys.snapshot('cart', 'a', 1, 7), keys.snapshot('cart', 'b', 1, 7)];
  await store.put(key, one);
  await store.put(other, one);
  const leave = (stream: string, unique: string, hours: number): string => {
    const file = path.join(root, 'cart', stream, 's/v1', `%${unique.repeat(36)}.tmp`);
    writeFileSync(file, 'half a val');
    const then = new Date(Date.now() - hours * 3_600_000);
    utimesSync(file, then, then);
    return file;
  };
  const [young, old, elsewhere] = [leave('a', '0', 0.9), leave('a', '1', 1.1), leave('b', '2', 1.1)];
  assert.deepEqual(await store.list('cart/a/', everything), [key]);
  assert.deepEqual([young, old, elsewhere].map((file) => existsSync(file)), [true, false, true], 'and only the folders that are needed are read');
  assert.deepEqual(await store.list('', everything), [key, other]);
  assert.deepEqual([young, elsewhere].map((file) => existsSync(file)), [true, false]);
});

test('an operation that fails leaves nothing behind', async () => {
  const root = newFolder();
  const store = filesStore(root);
  const key = keys.snapshot('cart', 'a', 1, 7);
  const slot = path.join(root, 'cart/a/s/v1');
  mkdirSync(path.join(slot, 'fffffffffffffff8.snap/x'), { recursive: true }); // cannot be replaced
  await assert.rejects(async () => store.put(key, one));
  await assert.rejects(async () => store.put(keys.snapshot('cart', 'a', 1, 8), 7 as never));
  assert.equal(await store.putIfAbsent(key, one), false);
  assert.deepEqual(readdirSync(slot), ['fffffffffffffff8.snap']);
});

test('a deletion takes the folders with it that it empties, so that no name of a stream is left', async () => {
  const root = newFolder();
  const store = filesStore(root);
  const [first, second, other] = [keys.snapshot('cart', 'a', 1, 7), keys.snapshot('cart', 'a', 2, 7), keys.snapshot('order', 'a', 1, 7)];
  for (const key of [first, second, other]) await store.put(key, one);
  await store.delete([first]);
  assert.deepEqual(contents(path.join(root, 'cart')), ['a/', 'a/s/', 'a/s/v2/', 'a/s/v2/fffffffffffffff8.snap']);
  await store.delete([second, other]);
  assert.deepEqual(contents(root), []);
});

test('writers and deleters of one folder do not hinder each other', async () => {
  const store = filesStore(newFolder());
  const key = (position: number) => keys.snapshot('cart', 'a', 1, position);
  const writers = Array.from({ length: 4 }, async (_, writer) => {
    for (let round = 0; round < 50; round += 1) {
      await store.put(key(writer), Uint8Array.of(round));
      if (round < 49) await store.delete([key(writer)]);
    }
  });
  const readers = Array.from({ length: 2 }, async () => {
    for (let round = 0; round < 100; round += 1) await store.list('cart/a/', everything);
  });
  await Promise.all([...writers, ...readers]);
  for (const writer of [0, 1, 2, 3]) assert.deepEqual(await store.get(key(writer)), Uint8Array.of(49));
});

test('keys and folders that cannot be are refused', async () => {
  for (const wrong of ['', 7, undefined, null]) assert.throws(() => filesStore(wrong as never), { code: 'invalidOption', path: 'folder' });
  const store = filesStore(newFolder());
  await assert.rejects(async () => store.put('é', one), { code: 'invalidOption' });
  await assert.rejects(async () => store.put(`${'x'.repeat(300)}`, one), { code: 'ENAMETOOLONG' });
  assert.equal(await store.get('x'.repeat(300)), undefined);
});
