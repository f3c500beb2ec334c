/**
 * Snapshots as files in a folder, one for each key. For Node, Deno and Bun. An entry of its own, `snapfold/files`.
 *
 * A value is written to a temporary file in the folder it belongs to, forced to disk and given its name, and then the folder is forced to
 * disk: whatever happens, under a name lies a whole value.
 */
import { randomUUID } from 'node:crypto';
import { link, mkdir, open, readdir, readFile, rename, rm, rmdir, stat, unlink, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { nonEmptyText } from '../options.js';
import type { SnapshotStore } from '../store.js';
import { fileOf, foldersOf, isTemporary, segmentOfFile, segmentOfFolder, temporaryName } from './file-names.js';

export type FilesStore = SnapshotStore & Required<Pick<SnapshotStore, 'putIfAbsent' | 'newest'>>;

/** A file that Node reads at once has less than 2 GiB. */
const MAX_VALUE_BYTES = 2 ** 31 - 1;

/** How old a temporary file must be before it counts as left over, in milliseconds. */
const LEFT_OVER = 3_600_000;

/** A deletion may take an empty folder away again and again while somebody writes to it. */
const ATTEMPTS = 100;

/**
 * A store in `folder`, which is made when it is needed, for any number of processes at once. A listing removes what processes that died
 * have left in the folders that it reads: temporary files older than an hour. Where a folder cannot be forced to disk (on Windows),
 * a power failure, but no crash of the process, may take back the last writes.
 */
export function filesStore(folder: string): FilesStore {
  const root = path.resolve(nonEmptyText('folder', folder));
  const fileAt = (key: string) => path.join(root, ...foldersOf(key), fileOf(key));

  const read = async (key: string, signal: AbortSignal | undefined): Promise<Uint8Array | undefined> => {
    signal?.throwIfAborted();
    try {
      const { buffer, byteOffset, length } = await readFile(fileAt(key), { signal });
      return new Uint8Array(buffer, byteOffset, length);
    } catch (error) {
      return absentOr(error, undefined);
    }
  };

  return {
    maxValueBytes: MAX_VALUE_BYTES,
    async list(prefix, { start = '', limit, signal }) {
      return collect(keysFrom(root, prefix, start, signal), limit);
    },
    get: (key, { signal } = {}) => read(key, signal),
    async put(key, bytes, _meta, { signal } = {}) {
      await written(root, key, bytes, signal, async (temporary, file) => rename(temporary, file));
    },
    async putIfAbsent(key, bytes, _meta, { signal } = {}) {
      return written(root, key, bytes, signal, linked);
    },
    async delete(keys, { signal } = {}) {
      for (const key of keys) {
        signal?.throwIfAborted();
        await remove(root, key, fileAt(key));
      }
    },
    async newest(prefix, { start = '', signal } = {}) {
      for await (const key of keysFrom(root, prefix, start, signal)) {
        const bytes = await read(key, signal);
        if (bytes !== undefined) return { key, bytes }; // else it has just been deleted
      }
      return undefined;
    },
  };
}

// Writing

/** What `publish` gives a name: a file with the whole value, on disk. */
async function written<T>(
  root: string,
  key: string,
  bytes: Uint8Array,
  signal: AbortSignal | undefined,
  publish: (temporary: string, file: string) => Promise<T>,
): Promise<T> {
  const folder = path.join(root, ...foldersOf(key));
  const temporary = path.join(folder, temporaryName(randomUUID()));
  signal?.throwIfAborted();
  const { handle, made } = await create(folder, temporary);
  let published: T;
  try {
    try {
      await handle.writeFile(bytes, { signal });
      await handle.sync();
    } finally {
      await handle.close();
    }
    signal?.throwIfAborted();
    published = await publish(temporary, path.join(folder, fileOf(key)));
  } finally {
    await rm(temporary, { force: true });
  }
  await syncFolders(root, folder, made);
  return published;
}

/** `made` is the topmost folder that had to be made. */
async function create(folder: string, file: string): Promise<{ handle: FileHandle; made: string | undefined }> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      const made = await mkdir(folder, { recursive: true });
      return { handle: await open(file, 'wx'), made };
    } catch (error) {
      if (codeOf(error) !== 'ENOENT' || attempt === ATTEMPTS) throw error;
    }
  }
}

/** Gives the file its name unless there is one already, which the file system decides: false then. */
async function linked(temporary: string, file: string): Promise<boolean> {
  try {
    await link(temporary, file);
  } catch {
    const there = await stat(file).catch((error: unknown) => absentOr(error, undefined));
    if (there !== undefined) return false;
    await rename(temporary, file); // there may be no hard links here
  }
  return true;
}

/** The folder with the file, and those above it: whoever made them may not have forced them to disk yet. */
async function syncFolders(root: string, folder: string, made: string | undefined): Promise<void> {
  const above = path.dirname(root);
  const top = made !== undefined && path.dirname(made).length < above.length ? path.dirname(made) : above;
  for (let each = folder; ; each = path.dirname(each)) {
    await syncFolder(each, each.length < root.length ? NOT_OURS : []);
    if (each === top) return;
  }
}

const NOT_OURS = ['EACCES', 'EPERM'];

async function syncFolder(folder: string, tolerated: readonly string[] = []): Promise<void> {
  if (process.platform === 'win32') return;
  try {
    const handle = await open(folder, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (error) {
    // Gone, with everything in it, by a deletion; or a file system that has no disk below folders.
    if (!['ENOENT', 'EINVAL', 'ENOTSUP', ...tolerated].includes(codeOf(error) ?? '')) throw error;
  }
}

// Deleting

async function remove(root: string, key: string, file: string): Promise<void> {
  try {
    await unlink(file);
  } catch (error) {
    return absentOr(error, undefined);
  }
  const folders = foldersOf(key);
  await syncFolder(path.join(root, ...folders));
  for (let depth = folders.length; depth > 0; depth -= 1) {
    try {
      await rmdir(path.join(root, ...folders.slice(0, depth)));
    } catch {
      return; // not empty
    }
  }
}

// Listing

async function collect(keys: AsyncIterable<string>, limit: number): Promise<string[]> {
  const found: string[] = [];
  if (limit <= 0) return found;
  for await (const key of keys) {
    found.push(key);
    if (found.length >= limit) break;
  }
  return found;
}

/** Ascending. Of the folders, only those are read that may hold such keys; the first one is where the prefix leads. */
async function* keysFrom(root: string, prefix: string, start: string, signal: AbortSignal | undefined): AsyncGenerator<string> {
  const base = prefix.slice(0, prefix.lastIndexOf('/') + 1);
  yield* walk(path.join(root, ...foldersOf(base)), base, prefix, start, signal);
}

async function* walk(folder: string, base: string, prefix: string, start: string, signal: AbortSignal | undefined): AsyncGenerator<string> {
  for (const { text, name, isFolder } of await entriesOf(folder, base, signal)) {
    if (!text.startsWith(prefix) && !prefix.startsWith(text)) continue;
    if (isFolder) {
      if (text >= start || start.startsWith(text)) yield* walk(path.join(folder, name), text, prefix, start, signal);
    } else if (text >= start && text.startsWith(prefix)) yield text;
  }
}

interface Entry {
  /** The key; of a folder, what all keys in it begin with. */
  readonly text: string;
  readonly name: string;
  readonly isFolder: boolean;
}

/** In the order of their keys. What is not of this store is left out; what died processes left is removed. */
async function entriesOf(folder: string, base: string, signal: AbortSignal | undefined): Promise<Entry[]> {
  signal?.throwIfAborted();
  const found = await readdir(folder, { withFileTypes: true }).catch((error: unknown) => absentOr(error, []));
  const entries: Entry[] = [];
  for (const entry of found) {
    const isFolder = entry.isDirectory();
    const segment = isFolder ? segmentOfFolder(entry.name) : entry.isFile() ? segmentOfFile(entry.name) : undefined;
    if (segment !== undefined) entries.push({ text: base + segment + (isFolder ? '/' : ''), name: entry.name, isFolder });
    else if (isTemporary(entry.name)) await sweep(path.join(folder, entry.name));
  }
  return entries.sort((a, b) => (a.text < b.text ? -1 : 1));
}

async function sweep(file: string): Promise<void> {
  try {
    const { mtimeMs } = await stat(file);
    if (Date.now() - mtimeMs > LEFT_OVER) await unlink(file);
  } catch {
    // not ours to remove, or gone already
  }
}

/** `absent`, if the error says that there is no such file: nothing, or something foreign in its place. */
function absentOr<T>(error: unknown, absent: T): T {
  if (['ENOENT', 'ENOTDIR', 'EISDIR', 'ENAMETOOLONG'].includes(codeOf(error) ?? '')) return absent;
  throw error;
}

function codeOf(error: unknown): string | undefined {
  return (error as { code?: string } | undefined)?.code;
}
