// @ts-check
/** Where the database lies: it is made in a folder of its own and moved into place when all is well, so a failed run leaves nothing. */
import { rmSync } from 'node:fs';
import { access, mkdtemp, open, realpath, rename } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { APPLICATION_ID } from './database.js';
import { codeOf, Refusal } from './refusal.js';

/**
 * @param {string | undefined} wanted Where to keep it; absent: nowhere.
 * @returns {Promise<{ file: string, keep(): Promise<void>, discard(): void }>}
 */
export async function place(wanted) {
  const target = wanted === undefined ? undefined : await replaceable(wanted);
  const folder = await workFolder(target === undefined ? path.join(tmpdir(), 'snapfold-demo-') : path.join(path.dirname(target), '.snapfold-demo-'));
  const file = path.join(folder, 'demo.db');
  return {
    file,
    async keep() {
      if (target !== undefined) await rename(file, target);
    },
    discard: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** @param {string} prefix */
async function workFolder(prefix) {
  try {
    return await mkdtemp(prefix);
  } catch (error) {
    const why = codeOf(error) === 'ENOENT' ? 'there is no such folder; make it first' : /** @type {Error} */ (error).message;
    throw new Refusal(`the database cannot be made in ${path.dirname(prefix)}: ${why}`);
  }
}

/**
 * The file to write to, links resolved. Refuses what an earlier run did not leave there.
 * @param {string} wanted
 */
async function replaceable(wanted) {
  const elsewhere = 'give --db the path of a new file';
  let file;
  try {
    file = await open(wanted, 'r');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return path.resolve(wanted);
    throw new Refusal(`${wanted} cannot be read: ${/** @type {Error} */ (error).message}; ${elsewhere}`);
  }
  try {
    const header = Buffer.alloc(72);
    const { bytesRead } = (await file.stat()).isFile() ? await file.read(header, 0, 72, 0) : { bytesRead: 0 };
    const ours = bytesRead === 72 && header.toString('latin1', 0, 16) === 'SQLite format 3\0' && header.readUInt32BE(68) === APPLICATION_ID;
    if (!ours) throw new Refusal(`${wanted} is there and is not a database of this demo; ${elsewhere}`);
  } finally {
    await file.close();
  }
  const inUse = await access(`${wanted}-wal`).then(() => true, () => false);
  if (inUse) throw new Refusal(`${wanted} is in use by another program; close it there, or ${elsewhere}`);
  return realpath(wanted);
}
