// @ts-check
/**
 * A log in JSON Lines, plain or gzipped, read in constant memory. A line is
 * `{"stream": "order-1", "type": "Placed", "position": 1, "id": "…", "at": "2024-01-31T12:00:00Z", "data": {…}}`; only stream and type
 * are required. Positions, where given, count 1, 2, 3 … in each stream.
 */
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { codeOf, Refusal } from './refusal.js';

const MAX_LINE_BYTES = 16 * 2 ** 20;

/** @typedef {import('./definitions.js').AnyEvent} AnyEvent */

/** @param {string} file */
export async function* jsonLinesEvents(file) {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  for await (const { number, bytes } of lines(file)) {
    const refuse = (/** @type {string} */ why, /** @type {number | undefined} */ column = undefined) =>
      new Refusal(`${file}:${number}${column === undefined ? '' : `:${column}`}: ${why}`);
    let text;
    try {
      text = decoder.decode(bytes); // without a byte order mark
    } catch {
      throw refuse('the line is not UTF-8; save the file in that encoding');
    }
    if (text.trim() !== '') yield parseLine(text, refuse);
  }
}

/**
 * @param {string} text
 * @param {(why: string, column?: number) => Refusal} refuse
 */
function parseLine(text, refuse) {
  let parsed;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    const { message } = /** @type {Error} */ (error);
    const [, at] = /at position (\d+)/.exec(message) ?? [];
    throw refuse(`the line is not JSON: ${message}`, at === undefined ? undefined : Number(at) + 1);
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw refuse('the line must be an object with "stream" and "type"');
  }
  const { stream, type, position, id, at, data } = parsed;
  for (const [name, value] of Object.entries({ stream, type, id })) {
    if (value === undefined && name === 'id') continue;
    if (!isText(value)) throw refuse(`"${name}" must be text, not empty${name === 'id' ? ', or left out' : ''}`);
  }
  if (position !== undefined && !(Number.isSafeInteger(position) && position > 0)) {
    throw refuse('"position" must be a whole number from 1, or left out');
  }
  if (at !== undefined && (typeof at !== 'string' || Number.isNaN(Date.parse(at)))) {
    throw refuse('"at" must be a time such as "2024-01-31T12:00:00Z", or left out');
  }
  /** @type {AnyEvent} */
  const event = { type, ...(at === undefined ? {} : { at }), ...(data === undefined ? {} : { data }) };
  return { stream, position, id, type, at, event, refuse };
}

/**
 * Text that a database and a key can carry unchanged.
 * @param {unknown} value
 */
function isText(value) {
  return typeof value === 'string' && value !== '' && value.isWellFormed() && !value.includes('\0');
}

/**
 * Lines and their numbers, from 1. Only LF ends a line: JSON text may hold every other line separator.
 * @param {string} file
 */
async function* lines(file) {
  let number = 1;
  /** @type {Buffer} */
  let rest = Buffer.alloc(0);
  try {
    for await (const chunk of await contents(file)) {
      const data = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      let start = 0;
      for (let end = data.indexOf(10); end !== -1; end = data.indexOf(10, start)) {
        yield { number, bytes: data.subarray(start, end) };
        number += 1;
        start = end + 1;
      }
      rest = data.subarray(start);
      if (rest.length > MAX_LINE_BYTES) {
        throw new Refusal(`${file}:${number}: the line is longer than ${MAX_LINE_BYTES / 2 ** 20} MiB; is it JSON Lines?`);
      }
    }
  } catch (error) {
    if (!/^Z_/.test(codeOf(error) ?? '')) throw error;
    throw new Refusal(`${file}:${number}: the gzip data is damaged after this line (${/** @type {Error} */ (error).message}); fetch it again`);
  }
  if (rest.length > 0) yield { number, bytes: rest };
}

/**
 * @param {string} file
 * @returns {Promise<AsyncIterable<Buffer>>}
 */
async function contents(file) {
  const gzipped = await isGzip(file);
  const raw = createReadStream(file, { highWaterMark: 2 ** 18 });
  if (!gzipped) return raw;
  return pipeline(raw, createGunzip(), () => {}); // the reader of the result sees every error
}

/** @param {string} file */
async function isGzip(file) {
  try {
    const handle = await open(file);
    try {
      if (!(await handle.stat()).isFile()) throw new Refusal(`${file} is not a file; give --events a JSON-Lines file, plain or gzipped`);
      const { bytesRead, buffer } = await handle.read(Buffer.alloc(2), 0, 2, 0);
      return bytesRead === 2 && buffer[0] === 0x1f && buffer[1] === 0x8b;
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (error instanceof Refusal) throw error;
    if (codeOf(error) === 'ENOENT') throw new Refusal(`there is no file ${file}; give --events a JSON-Lines file, plain or gzipped`);
    throw new Refusal(`${file} cannot be read: ${/** @type {Error} */ (error).message}`);
  }
}
