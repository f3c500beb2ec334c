/** The demo, end to end: as a process of its own, on logs made here. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import type { Definition, SnapshotStore } from 'snapfold';

interface Stored {
  append(event: object): number;
  read(stream: string, options: { from?: number; limit: number }): never[];
}

interface Database {
  readonly connection: { exec(sql: string): unknown };
  readonly snapshots: SnapshotStore;
  log(name: string, whole: string | undefined): Stored;
  close(): void;
}

interface Demo {
  openDatabase(file: string): Promise<Database>;
  readonly files: Definition<{ files: Map<string, unknown> }, unknown, number>;
  readonly cases: Definition<unknown, unknown, number>;
  verifyStream(repository: object, stream: string): Promise<{ fromSnapshot: boolean; difference?: string }>;
  verdict(verifications: readonly object[], events: number): { verified: boolean; text: string };
}

const demo = new URL('../../examples/demo/', import.meta.url);
const folder = mkdtempSync(path.join(tmpdir(), 'demo-test-'));
after(() => rmSync(folder, { recursive: true, force: true }));

test('a JSON-Lines log: killed at half, started again, every state equal', () => {
  const file = write('orders.jsonl', lines(600));
  const { status, output, errors } = run('--events', file);
  assert.equal(errors, '');
  assert.equal(status, 0);
  assert.equal(output.at(-1), 'verified: 4 streams, 600 events, snapshot + tail = full replay');
  const [, committed] = /^killed with SIGKILL after (\d+) of 600 events; started again$/m.exec(output.join('\n')) ?? [];
  assert.ok(Number(committed) >= 300 && Number(committed) < 600, `killed after ${committed}`);
  const next = Number(committed) + 1;
  assert.ok(output.some((line) => line.startsWith(`went on at event ${next}: 4 of 4 handles came back from a snapshot`)));
  assert.match(output.find((line) => line.startsWith('order-0')) ?? '', / \d+: (events|bytes) \d+/);
});

test('a gzipped log is known by its bytes, not by its name', () => {
  const file = write('orders.log', gzipSync(lines(50)));
  const { status, output } = run('--events', file);
  assert.equal(status, 0);
  assert.equal(output.at(-1), 'verified: 4 streams, 50 events, snapshot + tail = full replay');
});

test('a git history: renames, binary files, merges and strange names fold to the files that are there', async () => {
  const repository = gitRepository('long', 2_000);
  const database = path.join(folder, 'git.db');
  const { status, output, errors } = run('--git', repository, '--db', database);
  assert.equal(errors, '');
  assert.equal(status, 0);
  // 2,003 files added, one renamed inside its folder, one moved out (two events), one deleted, one changed on each side of a merge.
  assert.equal(output.at(-1), 'verified: 6 streams, 2,009 events, snapshot + tail = full replay');
  assert.match(output.join('\n'), /killed with SIGKILL after 1,\d+ of 2,009 events/);

  const { openDatabase, files } = await modules();
  const { snapshots, log, close } = bound(await openDatabase(database));
  const opened = await files.open({ store: snapshots, events: log('git', 'whole repository') });
  const { state, source } = await opened.load('whole repository');
  close();
  const tree = git(repository, 'ls-tree', '-r', '-z', '--name-only', 'HEAD').split('\0').filter((name) => name !== '');
  assert.equal(source, 'snapshot');
  assert.deepEqual([...state.files.keys()].sort(), tree.sort());
});

test('a short history is said to be short, and a generated log is added', () => {
  const { status, output } = run('--git', gitRepository('short', 5));
  assert.equal(status, 0);
  assert.ok(output.includes('the history has 14 events, under 2,000; a generated order log is added'));
  assert.equal(output.at(-1), 'verified: 127 streams, 50,014 events, snapshot + tail = full replay');
});

test('a malformed log is refused with file, line and column, and changes nothing', () => {
  const database = path.join(folder, 'kept.db');
  assert.equal(run('--events', write('good.jsonl', lines(20)), '--db', database).status, 0);
  const before = readFileSync(database);
  const good = '{"stream": "a", "type": "x", "position": 1}\n';
  for (const [bad, place] of [
    [`${good}\n{"stream": "a" "type": "x"}\n`, ':3:16: the line is not JSON'],
    [`${good}[1]\n`, ':2: the line must be an object'],
    [`${good}{"type": "x"}\n`, ':2: "stream" must be text'],
    [`${good}{"stream": "a", "type": ""}\n`, ':2: "type" must be text'],
    [`${good}{"stream": "a", "type": "x", "position": 3}\n`, ':2: position 3 in stream "a", expected 2'],
    [`${good}{"stream": "a", "type": "x", "position": -1}\n`, ':2: "position" must be a whole number from 1'],
    [`${good}{"stream": "a", "type": "x", "at": "yesterday"}\n`, ':2: "at" must be a time'],
    [`${good}{"stream": "\\ud800", "type": "x"}\n`, ':2: "stream" must be text'],
  ] as const) {
    const file = write('bad.jsonl', bad);
    refused(run('--events', file, '--db', database), `error: ${file}${place}`);
  }
  refused(run('--events', write('empty.jsonl', '\n')), `error: ${path.join(folder, 'empty.jsonl')} holds no events`);
  const cut = gzipSync(lines(5_000));
  const damaged = write('cut.gz', cut.subarray(0, cut.length / 2));
  assert.match(run('--events', damaged).errors, new RegExp(`^error: ${damaged}:\\d+: the gzip data is damaged`));
  assert.deepEqual(readFileSync(database), before);
});

test('what cannot be done is said in one sentence', () => {
  const file = write('one.jsonl', lines(3));
  refused(run('--frobnicate'), "error: Unknown option '--frobnicate'; --help lists the options");
  refused(run('stray'), "error: Unexpected argument 'stray'; --help lists the options");
  refused(run('--events'), "error: Option '--events <value>' argument missing; --help lists the options");
  refused(run('--db', ''), 'error: --db needs a path');
  refused(run('--git', '.', '--events', file), 'error: give --git or --events, not both');
  refused(run('--events', 'missing.jsonl'), 'error: there is no file missing.jsonl');
  refused(run('--events', folder), `error: ${folder} is not a file`);
  refused(run('--git', folder), `error: ${folder} is not a git repository`);
  refused(run('--events', file, '--db', file), `error: ${file} is there and is not a database of this demo`);
  refused(run('--events', file, '--db', path.join(folder, 'none', 'x.db')), 'error: the database cannot be made in');
  assert.equal(readFileSync(file, 'utf8'), lines(3));
  const { status, output } = run('--help');
  assert.equal(status, 0);
  for (const option of ['--git', '--events', '--db', '--help']) assert.ok(output.some((line) => line.startsWith(`  ${option} `)));
});

test('a state that differs is found, and named by stream and path', async () => {
  const { openDatabase, cases, verifyStream, verdict } = await modules();
  const { connection, snapshots, log, close } = bound(await openDatabase(path.join(folder, 'tampered.db')));
  const events = log('events', undefined);
  for (const stream of ['a', 'b']) {
    for (let position = 1; position <= 60; position += 1) {
      const event = { type: 'paid', data: { activity: `step ${position % 3}`, by: `clerk ${position % 5}` } };
      events.append({ sequence: position + (stream === 'b' ? 60 : 0), stream, position, type: 'paid', event });
    }
    const repository = await cases.open({ store: snapshots, events });
    await repository.snapshot(await repository.load(stream));
  }
  // An event in the middle: the snapshot's anchor, the last one, still matches.
  connection.exec(`UPDATE events SET event = replace(event, 'clerk 2', 'thief') WHERE stream = 'b' AND position = 7`);
  const repository = await cases.open({ store: snapshots, events });
  const verifications = [await verifyStream(repository, 'a'), await verifyStream(repository, 'b')];
  close();
  assert.deepEqual(verifications.map(({ fromSnapshot }) => fromSnapshot), [true, true]);
  assert.equal(verifications[0]?.difference, undefined);
  const { verified, text } = verdict(verifications, 120);
  assert.equal(verified, false);
  assert.match(text, /^NOT verified: 1 of 2 streams differ .*; the first is "b", at state\.people/);
});

/** Runs the demo with its temporary files in a folder of its own, and sees that none is left. */
function run(...parameters: string[]): { status: number | null; output: string[]; errors: string } {
  const temporary = mkdtempSync(path.join(folder, 'tmp-'));
  const main = fileURLToPath(new URL('main.js', demo));
  const { NODE_OPTIONS: _, NODE_TEST_CONTEXT: __, ...environment } = process.env;
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...parameters], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...environment, TMPDIR: temporary, TEMP: temporary, NODE_NO_WARNINGS: '1' },
  });
  assert.deepEqual(readdirSync(temporary), [], 'nothing is left in the temporary folder');
  assert.deepEqual(readdirSync(folder).filter((name) => name.startsWith('.snapfold-demo-')), [], 'nothing is left beside the database');
  return { status, output: stdout.trimEnd().split('\n'), errors: stderr };
}

function refused({ status, errors }: ReturnType<typeof run>, beginning: string): void {
  assert.ok(errors.startsWith(beginning), `${errors} should begin with ${beginning}`);
  assert.equal(errors.trimEnd().split('\n').length, 1, 'one line, no stack');
  assert.equal(status, 1);
}

/** `count` events, dealt to four streams. */
function lines(count: number): string {
  return Array.from({ length: count }, (_, index) => {
    const position = Math.floor(index / 4) + 1;
    const data = { activity: `step ${index % 7}`, by: `clerk ${index % 11}`, amount: index };
    const at = new Date(Date.UTC(2024, 0, 1) + index * 60_000).toISOString();
    return `${JSON.stringify({ stream: `order-${index % 4}`, position, type: 'Stepped', at, data })}\n`;
  }).join('');
}

function write(name: string, content: string | Uint8Array): string {
  const file = path.join(folder, name);
  writeFileSync(file, content);
  return file;
}

/** A history with `count` plain files, three strange ones, a binary one, a rename, a move, a deletion and a merge. */
function gitRepository(name: string, count: number): string {
  const repository = path.join(folder, name);
  git(folder, 'init', '--quiet', repository);
  const file = (path: string, content: string) => `M 100644 inline ${path}\ndata ${Buffer.byteLength(content)}\n${content}\n`;
  const commit = (mark: number, parents: string, ...changes: string[]) =>
    `commit refs/heads/main\nmark :${mark}\ncommitter Zoë <zoe@example.org> ${1_700_000_000 + mark * 60} +0100\ndata 1\nx\n${parents}${changes.join('')}`;
  const plain = Array.from({ length: count }, (_, index) => file(`src/f${index}`, `file ${index}\n`.repeat(9)));
  const strange = [file('"a\\tb/new\\nline"', 'x\n'), file('"ü/: => {\\001}"', 'x\n'), file('bin/image', '\0\u0001'.repeat(9))];
  const history = [
    commit(1, '', ...plain, ...strange),
    commit(2, 'from :1\n', 'R src/f0 src/renamed\n', 'R src/f1 docs/moved\n', 'D src/f2\n'),
    commit(3, 'from :2\n', file('src/f3', 'left\n')),
    'reset refs/heads/side\nfrom :2\n\n',
    commit(4, 'from :2\n', file('src/f4', 'right\n')).replace('refs/heads/main', 'refs/heads/side'),
    commit(5, 'from :3\nmerge :4\n', file('src/f4', 'right\n')),
  ];
  execFileSync('git', ['-C', repository, 'fast-import', '--quiet'], { input: history.join('') });
  git(repository, 'symbolic-ref', 'HEAD', 'refs/heads/main');
  return repository;
}

function git(folder: string, ...parameters: string[]): string {
  return execFileSync('git', ['-C', folder, ...parameters], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
}

async function modules(): Promise<Demo> {
  const names = ['database.js', 'definitions.js', 'verify.js'];
  const loaded = await Promise.all(names.map((name) => import(new URL(name, demo).href) as Promise<object>));
  return Object.assign({}, ...loaded) as Demo;
}

function bound(database: Database): Database {
  const { connection, snapshots } = database;
  return { connection, snapshots, log: database.log.bind(database), close: database.close.bind(database) };
}
