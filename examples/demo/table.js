// @ts-check
/** What the demo shows: the table of streams, numbers that can be read, a line of progress. */
import { breakEven } from './verify.js';

/** Rows of one log; what is more is summed up in one. */
const SHOWN = 9;
const NAME_WIDTH = 26;
const TEXT_COLUMNS = new Set([0, 8]);

/** @typedef {import('./verify.js').Verification} Verification */
/** @typedef {{ snapshots: number, why: Map<string, number>, bytes: number }} Taken `bytes` is the size of the newest. */
/** @typedef {Verification & Taken} StreamRow */

const coloured = process.stdout.isTTY === true && (process.env['NO_COLOR'] ?? '') === '';
const paint = (/** @type {number} */ code) => (/** @type {string} */ text) => coloured ? `\x1b[${code}m${text}\x1b[0m` : text;
export const bold = paint(1);
export const dim = paint(2);
export const red = paint(31);
export const green = paint(32);

/** @param {number} value */
export function count(value) {
  return value.toLocaleString('en', { maximumFractionDigits: 0 });
}

/** @param {number} milliseconds */
function time(milliseconds) {
  return `${milliseconds.toLocaleString('en', { minimumFractionDigits: 2, maximumFractionDigits: 2 })} ms`;
}

/**
 * The streams that get a row of their own, which are the longest, and the others. One is not hidden behind a row that says so.
 * @template {{ events: number }} T
 * @param {readonly T[]} streams
 * @returns {[shown: T[], others: T[]]}
 */
export function longest(streams) {
  const sorted = [...streams].sort((a, b) => b.events - a.events);
  const shown = sorted.length === SHOWN + 1 ? sorted.length : SHOWN;
  return [sorted.slice(0, shown), sorted.slice(shown)];
}

const HEADS = ['stream', 'events', 'bytes', 'tail', 'restore', 'full replay', 'faster', 'break-even', 'snapshots taken, and why'];
const LEGEND = [
  'bytes: the newest snapshot. tail: events after it. restore: snapshot + tail; like the full replay from reading to state.',
  'break-even: from that many events on a restore beats a full replay (restore ÷ full replay per event).',
  'why: what made a snapshot due, and how often. none: so short a stream needs no snapshot; its restore is a replay after a look for one.',
];

/**
 * The table of one or more logs, each with its longest streams and a row for the others.
 * @param {readonly { title: string, shown: readonly StreamRow[], others: readonly StreamRow[] }[]} logs
 */
export function table(logs) {
  const groups = logs.map(({ title, shown, others }) => {
    const rows = shown.map((row) => cells(printable(row.stream), row, breakEven(row)));
    return { title, rows: others.length === 0 ? rows : [...rows, cells(`${count(others.length)} others`, sum(others), undefined)] };
  });
  const all = [HEADS, ...groups.flatMap(({ rows }) => rows)];
  const widths = HEADS.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  const line = (/** @type {readonly string[]} */ row) =>
    row.map((cell, at) => (TEXT_COLUMNS.has(at) ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0))).join('  ').trimEnd();
  const width = Math.min(widths.reduce((sum, column) => sum + column + 2, -2), process.stdout.columns || Infinity);
  const rule = dim('─'.repeat(width));
  const bodies = groups.flatMap(({ title, rows }) => [rule, dim(title), ...rows.map(line)]);
  return [bold(line(HEADS)), ...bodies, rule, ...LEGEND.map(dim)].join('\n');
}

/**
 * What became of one piece of work, in one line that overwrites itself; off a terminal, a line for each quarter.
 * @param {string} what
 * @param {number} total
 */
export function progress(what, total) {
  let shown = 0;
  return (/** @type {number} */ done) => {
    const percent = Math.floor((done / total) * 100);
    if (percent === shown) return;
    if (process.stdout.isTTY) {
      shown = percent;
      process.stdout.write(`\r\x1b[K${done < total ? `${what}: ${count(done)} of ${count(total)} (${percent} %)` : ''}`);
    } else if (percent >= shown + 25) {
      shown = percent - (percent % 25);
      console.log(`${what}: ${count(done)} of ${count(total)}`);
    }
  };
}

/** Takes the line of progress away, for a line that stays. */
export function clearLine() {
  if (process.stdout.isTTY) process.stdout.write('\r\x1b[K');
}

/**
 * A row that stands for many streams holds sums, and has no break-even.
 * @param {string} name
 * @param {Omit<StreamRow, 'stream' | 'fromSnapshot' | 'difference'>} row
 * @param {number | undefined} even
 */
function cells(name, row, even) {
  const { events, snapshots, why, bytes, replayed, restoreTime, replayTime } = row;
  const reasons = [...why].sort(([, a], [, b]) => b - a).map(([reason, times]) => `${reason} ${count(times)}`);
  return [
    name,
    count(events),
    snapshots === 0 ? '–' : count(bytes),
    count(replayed),
    time(restoreTime),
    time(replayTime),
    snapshots === 0 ? '–' : `${(replayTime / restoreTime).toFixed(1)}×`,
    snapshots === 0 || even === undefined ? '–' : count(Math.ceil(even)),
    snapshots === 0 ? 'none' : `${count(snapshots)}: ${reasons.join(', ')}`,
  ];
}

/** @param {readonly StreamRow[]} rows */
function sum(rows) {
  const total = { events: 0, snapshots: 0, bytes: 0, replayed: 0, restoreTime: 0, replayTime: 0 };
  /** @type {Map<string, number>} */
  const why = new Map();
  for (const row of rows) {
    for (const name of /** @type {(keyof typeof total)[]} */ (Object.keys(total))) total[name] += row[name];
    for (const [reason, times] of row.why) why.set(reason, (why.get(reason) ?? 0) + times);
  }
  return { ...total, why };
}

/**
 * A name of somebody else's making, safe for a terminal and a column.
 * @param {string} name
 */
function printable(name) {
  const clean = name.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, '·');
  return clean.length > NAME_WIDTH ? `${clean.slice(0, NAME_WIDTH - 1)}…` : clean;
}
