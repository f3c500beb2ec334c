/** The logs that are folded, as bytes of JSON Lines: the loan applications or a stand-in of their shape, orders, a journal. */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { jsonLines, orderEvents } from '../../examples/rules/generate.js';
import { journalEvents } from './generate-journal.js';
import { loanEvents } from '../../examples/rules/generate-loans.js';

const NEWLINE = 0x0a;

export function ordersLog(events) {
  return bytesOf(orderEvents({ events }));
}

export function journalLog(events) {
  return bytesOf(journalEvents({ events }));
}

/** The first so many of the file, if it holds such a log; otherwise as many made up. */
export function loansLog(events, file) {
  const given = file === undefined ? undefined : readLog(file);
  return given !== undefined && isLoans(given) ? first([given], events)[0] : bytesOf(loanEvents({ events }));
}

/** A file of JSON Lines, or its .gz. */
export function readLog(file) {
  const bytes = readFileSync(file);
  return file.endsWith('.gz') ? gunzipSync(bytes) : bytes;
}

/** The events of each stream as bytes of their own. */
export function byStream(bytes) {
  const streams = new Map();
  for (const line of linesOf(bytes)) {
    const { stream } = JSON.parse(line.toString());
    const lines = streams.get(stream);
    if (lines === undefined) streams.set(stream, [line]);
    else lines.push(line);
  }
  return Array.from(streams.values(), (lines) => Buffer.concat(lines));
}

/** The first logs, up to that many events: the last of them is cut. */
export function first(logs, events) {
  const taken = [];
  let left = events;
  for (const bytes of logs) {
    if (left === 0) break;
    let end = 0;
    for (; left > 0 && end < bytes.length; left--) end = bytes.indexOf(NEWLINE, end) + 1;
    taken.push(bytes.subarray(0, end));
  }
  return taken;
}

export function countLines(logs) {
  let count = 0;
  for (const bytes of logs) for (const byte of bytes) if (byte === NEWLINE) count += 1;
  return count;
}

/** Batches of so many events each. */
export function* batches(bytes, events) {
  for (let rest = bytes; rest.length > 0;) {
    const [batch] = first([rest], events);
    yield batch;
    rest = rest.subarray(batch.length);
  }
}

function* linesOf(bytes) {
  for (let start = 0; start < bytes.length;) {
    const end = bytes.indexOf(NEWLINE, start) + 1;
    yield bytes.subarray(start, end);
    start = end;
  }
}

function isLoans(bytes) {
  const { seq, type, data } = JSON.parse(bytes.subarray(0, bytes.indexOf(NEWLINE)).toString());
  return seq === 1 && type === 'A.COMPLETE' && data?.activity === 'A_SUBMITTED';
}

function bytesOf(events) {
  return Buffer.concat(Array.from(jsonLines(events), (text) => Buffer.from(text)));
}
