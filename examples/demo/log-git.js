// @ts-check
/** The history of a git repository as events: every file change of every commit, oldest first, straight from `git log`. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { promisify } from 'node:util';
import { codeOf, Refusal } from './refusal.js';

/** @typedef {import('./definitions.js').FileChange} FileChange */
/** @typedef {{ path: string, head: string | undefined, shallow: boolean }} History `head` is absent where nothing is committed. */
/** @typedef {Pick<FileChange, 'author' | 'commit' | 'at'>} Commit */

/** Says all that a user's configuration could say otherwise. */
const LOG = [
  ...['-c', 'log.showRoot=true', 'log', '--reverse', '--raw', '--numstat', '-z', '--no-abbrev', '--find-renames', '--no-diff-merges'],
  ...['--no-relative', '--no-ext-diff', '--no-textconv', '--no-show-signature', '--encoding=UTF-8', '--format=%x01%H%x00%ct%x00%an'],
];

/** Letters of `git log --raw`; any other is a change of mode or type. */
const TYPES = /** @type {const} */ ({ A: 'added', C: 'added', D: 'deleted', R: 'renamed' });

/**
 * What there is of history. Refuses a path that is no repository.
 * @param {string} path
 * @returns {Promise<History>}
 */
export async function findHistory(path) {
  const shallow = await ask(path, ['rev-parse', '--is-shallow-repository']);
  const head = await ask(path, ['rev-parse', '--verify', '--quiet', 'HEAD^{commit}']).catch(() => undefined);
  const root = await ask(path, ['rev-parse', '--show-toplevel']).catch(() => path); // a bare repository has none
  return { path: root, head, shallow: shallow === 'true' };
}

/**
 * The changes up to `head`. Merges have none of their own: what they bring in are the commits of the other side.
 * @param {{ path: string, head: string }} history
 */
export async function* gitEvents({ path, head }) {
  const fields = zeroTerminated(output(path, [...LOG, head, '--']));
  for await (const { commit, statuses, counts } of commits(fields)) {
    for (const [file, { letter, from }] of statuses) {
      yield* changesOf(commit, file, letter, from, counts.get(file) ?? [null, null]);
    }
  }
}

/**
 * A file that leaves one top-level folder for another is deleted from one stream and added to the other.
 * @param {Commit} commit
 * @param {string} path
 * @param {string} letter
 * @param {string | undefined} from
 * @param {readonly [number | null, number | null]} counts
 */
function* changesOf(commit, path, letter, from, [added, deleted]) {
  const moved = letter === 'R' && from !== undefined && folderOf(from) !== folderOf(path);
  if (moved) yield row({ type: 'deleted', path: from, added: 0, deleted: 0, ...commit });
  const type = moved ? 'added' : letter in TYPES ? TYPES[/** @type {keyof typeof TYPES} */ (letter)] : 'modified';
  yield row({ type, path, ...(from === undefined ? {} : { from }), added, deleted, ...commit });
}

/** @param {FileChange} event */
function row(event) {
  return { stream: folderOf(event.path), id: `${event.commit}:${event.path}`, type: event.type, at: event.at, event };
}

/**
 * The top-level folder, with its slash; files beside the folders are in `./`.
 * @param {string} path
 */
function folderOf(path) {
  const slash = path.indexOf('/');
  return slash === -1 ? './' : path.slice(0, slash + 1);
}

/**
 * Reads fields by their place, so that no file name can be mistaken for something else. A commit is `\x01hash`, time, author; then for
 * each file `:modes hashes status`, path (two for renames); then for each file `added TAB deleted TAB path` (renames: nothing, path, path).
 * @param {AsyncIterable<string>} fields
 */
async function* commits(fields) {
  const reader = fields[Symbol.asyncIterator]();
  const take = async () => String((await reader.next()).value ?? '');
  /** @type {{ commit: Commit, statuses: Map<string, { letter: string, from?: string }>, counts: Map<string, [number | null, number | null]> } | undefined} */
  let current;
  for (let step = await reader.next(); !step.done; step = await reader.next()) {
    const field = step.value.replace(/^\n/, '');
    if (field.startsWith('\x01')) {
      if (current !== undefined) yield current;
      const at = timeOf(await take());
      current = { commit: { author: await take(), commit: field.slice(1), at }, statuses: new Map(), counts: new Map() };
    } else if (field.startsWith(':')) {
      const letter = field.slice(field.lastIndexOf(' ') + 1, field.lastIndexOf(' ') + 2);
      const first = await take();
      const paths = letter === 'R' || letter === 'C' ? { path: await take(), from: first } : { path: first };
      current?.statuses.set(paths.path, { letter, ...('from' in paths ? { from: paths.from } : {}) });
    } else {
      const [, added, deleted, name] = /^([^\t]*)\t([^\t]*)\t(.*)$/s.exec(field) ?? [];
      if (name === '') await take();
      current?.counts.set(name === '' ? await take() : String(name), [countOf(added), countOf(deleted)]);
    }
  }
  if (current !== undefined) yield current;
}

/**
 * Null for binary files, which have a dash.
 * @param {string | undefined} text
 */
function countOf(text) {
  return text !== undefined && /^[0-9]+$/.test(text) ? Number(text) : null;
}

/**
 * Forged commits have impossible times; they count as the beginning of time.
 * @param {string} seconds
 */
function timeOf(seconds) {
  const time = new Date(Number(seconds) * 1_000);
  return (Number.isNaN(time.getTime()) ? new Date(0) : time).toISOString();
}

/**
 * Names that are no UTF-8 get replacement characters.
 * @param {AsyncIterable<Buffer>} chunks
 */
async function* zeroTerminated(chunks) {
  /** @type {Buffer} */
  let rest = Buffer.alloc(0);
  for await (const chunk of chunks) {
    const data = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let start = 0;
    for (let end = data.indexOf(0); end !== -1; end = data.indexOf(0, start)) {
      yield data.toString('utf8', start, end);
      start = end + 1;
    }
    rest = data.subarray(start);
  }
}

/**
 * @param {string} path
 * @param {readonly string[]} parameters
 */
async function* output(path, parameters) {
  const git = spawn('git', ['-C', path, ...parameters], { env: environment(), stdio: ['ignore', 'pipe', 'pipe'] });
  const failed = once(git, 'error').then(([error]) => Promise.reject(explain(path, error)));
  failed.catch(() => {});
  const closed = once(git, 'close');
  let complaint = '';
  git.stderr.on('data', (text) => (complaint = (complaint + text).slice(0, 1_000)));
  try {
    yield* /** @type {AsyncIterable<Buffer>} */ (git.stdout);
    const [code] = await Promise.race([closed, failed]);
    if (code !== 0) throw explain(path, { stderr: complaint });
  } finally {
    git.kill();
  }
}

/**
 * @param {string} path
 * @param {readonly string[]} parameters
 */
async function ask(path, parameters) {
  try {
    const { stdout } = await promisify(execFile)('git', ['-C', path, ...parameters], { env: environment() });
    return stdout.trim();
  } catch (error) {
    throw explain(path, error);
  }
}

/**
 * @param {string} path
 * @param {unknown} error
 */
function explain(path, error) {
  if (codeOf(error) === 'ENOENT') return new Refusal('git is not installed; install it, or give a log with --events FILE');
  const said = String(/** @type {{ stderr?: string }} */ (error).stderr ?? error).trim().split('\n', 1)[0] ?? '';
  if (/not a git repository|cannot change to/.test(said)) {
    return new Refusal(`${path} is not a git repository; give --git the path of one, or a log with --events FILE`);
  }
  return new Refusal(`git could not read ${path}: ${said.replace(/^fatal: /, '')}`);
}

/** Without variables that a hook sets, which would point git at another repository; with English messages. */
function environment() {
  const kept = Object.entries(process.env).filter(([name]) => !/^GIT_(DIR|WORK_TREE|INDEX_FILE|PREFIX|COMMON_DIR)$/.test(name));
  return { ...Object.fromEntries(kept), LC_ALL: 'C' };
}
