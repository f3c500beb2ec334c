/**
 * Keys as names of folders and files. Each segment but the last is a folder, the last one a file that ends in `.snap`; folders never do.
 * The alphabet of keys (docs/format.md §3) stands for itself; everything else, and what a file system understands differently, is `%` and
 * two hexadecimal digits: capitals, dots at the ends, the first letter of names that Windows reserves.
 */
import { SnapshotError } from '../error.js';

const FILE = '.snap';

/** Names of devices on Windows, with any extension. */
const RESERVED = /^(con|prn|aux|nul|com[0-9]|lpt[0-9])(?=\.|$)/;

/** The names of the folders in which a key's file lies. */
export function foldersOf(key: string): string[] {
  return ascii(key).split('/').slice(0, -1).map(folderName);
}

/** The name of a key's file in its folder. */
export function fileOf(key: string): string {
  return nameOf(ascii(key).slice(key.lastIndexOf('/') + 1)) + FILE;
}

/** What a folder of that name stands for; undefined for a folder of somebody else's. */
export function segmentOfFolder(name: string): string | undefined {
  const segment = segmentOf(name);
  return isAscii(segment) && folderName(segment) === name ? segment : undefined;
}

/** What a file of that name stands for; undefined for a file of somebody else's. */
export function segmentOfFile(name: string): string | undefined {
  if (!name.endsWith(FILE)) return undefined;
  const segment = segmentOf(name.slice(0, -FILE.length));
  return isAscii(segment) && nameOf(segment) + FILE === name ? segment : undefined;
}

/** Of a file; those of keys end in another way. */
export function temporaryName(unique: string): string {
  return `%${unique}.tmp`;
}

export function isTemporary(name: string): boolean {
  return /^%[0-9a-f-]{36}\.tmp$/.test(name);
}

/** Two digits would not be enough for anything else. */
function ascii(key: string): string {
  if (isAscii(key)) return key;
  throw new SnapshotError('invalidOption', 'keys are ASCII text', { path: 'key' });
}

function isAscii(text: string): boolean {
  return /^[\x00-\x7f]*$/.test(text);
}

function folderName(segment: string): string {
  const name = nameOf(segment);
  return name.endsWith(FILE) ? `${name.slice(0, -FILE.length)}${escaped('.')}${FILE.slice(1)}` : name;
}

function nameOf(segment: string): string {
  if (segment === '') return '%';
  const name = segment.replace(/[^a-z0-9._~-]|^\.|\.$/g, escaped);
  return RESERVED.test(segment) ? escaped(name.slice(0, 1)) + name.slice(1) : name;
}

function segmentOf(name: string): string {
  return name === '%' ? '' : name.replace(/%([0-9a-f]{2})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)));
}

function escaped(character: string): string {
  return `%${character.charCodeAt(0).toString(16).padStart(2, '0')}`;
}
