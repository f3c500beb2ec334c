/** The results as Markdown tables that also read well as text. */
import { floors } from './floors.js';
import { geometricMean, unique } from './results.js';

const BEGIN = '<!-- results: begin -->';
const END = '<!-- results: end -->';
const MEGABYTE = 1e6;

export function markdown(results, machine) {
  return [
    ...[machine, warning(results)].filter((text) => text !== ''),
    ...results.runtimes.flatMap((runtime) => section(`Floors, ${runtime}`, floorTable(results, runtime))),
    ...results.runtimes.flatMap((runtime) =>
      ['seal', 'open'].flatMap((work) =>
        section(`${work === 'seal' ? 'Seal' : 'Open'}, ${runtime}`, timeTable(results, runtime, work)),
      ),
    ),
    ...section('Bytes that are kept of 1 MB of JSON, in MB', bytesTable(results, 'Node', 'JSON')),
    ...section('Bytes that are kept of 1 MB of JSON, in MB, Rust', bytesTable(results, 'Rust', 'serde_json')),
    ...section('Memory while sealing 50 MB once', memoryTable(results)),
    ...section('Sealing again after a share of the state has changed', changedTable(results)),
    ...section('decide', decideTable(results)),
    ...results.runtimes.flatMap((runtime) => section(`Folds, ${runtime}`, foldTable(results, runtime))),
    ...section('Memory of a long stream, folded in batches', foldMemoryTable(results)),
  ].join('\n\n');
}

/** What a reader must know before believing any number. */
function warning(results) {
  const shares = results.of('share');
  const clock = shares.some(({ clock }) => clock === 'cpu')
    ? 'Processor time of all threads, not the clock on the wall.'
    : '';
  const share = Math.min(1, ...shares.map(({ share }) => share));
  const busy =
    share < 0.9 ? `**The machine was busy: a family got no more than ${number(share * 100)} % of a processor.**` : '';
  return [clock, busy].filter((text) => text !== '').join(' ');
}

/** The document with `text` between its two markers. */
export function inserted(document, text) {
  const [before, rest] = document.split(BEGIN);
  const [, after] = rest?.split(END) ?? [];
  if (after === undefined) throw new Error(`the document has no ${BEGIN} … ${END}`);
  return `${before}${BEGIN}\n\n${text}\n\n${END}${after}`;
}

function section(heading, rows) {
  return rows === undefined ? [] : [`### ${heading}`, rows];
}

function floorTable(results, runtime) {
  const rows = floors(results).filter((row) => row.runtime === runtime);
  if (rows.length === 0) return undefined;
  const sizes = unique([...results.sizes, ...rows.flatMap(({ cells }) => Object.keys(cells))]);
  return table(
    ['', 'floor', ...sizes],
    rows.map(({ what, floor, cells }) => [
      what,
      floor,
      ...sizes.map((size) => (cells[size] === undefined ? '' : verdict(cells[size]))),
    ]),
  );
}

function verdict({ value, unit, met, note }) {
  const text = `${number(value)}${unit} ${met ? 'met' : '**missed**'}`;
  return note === undefined ? text : `${text} (${note})`;
}

/** Our milliseconds, and how many times as long each side takes. */
function timeTable(results, runtime, work) {
  const times = results.of('time', { runtime, work });
  const peers = unique(times.map(({ side }) => side)).filter((side) => side !== 'snapfold');
  const row = (family, size) => {
    const ours = results.ms(runtime, work, family, size, 'snapfold');
    return [size, family, ours, ...peers.map((side) => results.ms(runtime, work, family, size, side) / ours)];
  };
  const others = times.filter(({ family, side }) => side === 'snapfold' && !results.families.includes(family));
  const rows = results.sizes.flatMap((size) => {
    const families = results.families.filter(
      (family) => results.ms(runtime, work, family, size, 'snapfold') !== undefined,
    );
    const of = families.map((family) => row(family, size));
    if (of.length < 2) return of;
    return [
      ...of,
      [size, '**mean**', undefined, ...peers.map((_, index) => geometricMean(of.map((cells) => cells[index + 3])))],
    ];
  });
  if (rows.length === 0) return undefined;
  return table(
    ['size', 'family', 'snapfold, ms', ...peers],
    [...rows, ...others.map(({ family, size }) => row(family, size))].map(([size, family, ours, ...ratios]) => [
      size,
      family,
      ours === undefined ? '' : number(ours),
      ...ratios.map((ratio) => `${number(ratio)}×`),
    ]),
  );
}

/** Sides that keep just what JSON keeps are left out. */
function bytesTable(results, on, base) {
  const runtime = results.runtimes.find((name) => name.startsWith(on));
  const lines = results.of('bytes', { runtime, size: '1 MB' });
  const share = (family, side) => bytes(family, side) / bytes(family, base);
  const bytes = (family, side) => lines.find((line) => line.family === family && line.side === side)?.bytes;
  const sides = unique(lines.map(({ side }) => side)).filter((side) =>
    results.families.some((family) => share(family, side) !== 1),
  );
  if (sides.length === 0) return undefined;
  return table(
    ['family', ...sides],
    results.families.map((family) => [family, ...sides.map((side) => number(share(family, side)))]),
  );
}

function memoryTable(results) {
  const lines = results.of('memory');
  if (lines.length === 0) return undefined;
  return table(
    ['runtime', 'family', 'side', 'made, MB', 'grows by, MB', 'grows by / made', 'WebAssembly memory, MB'],
    lines.map(({ runtime, family, side, bytes, growth, wasm }) => [
      runtime,
      family,
      side,
      number(bytes / MEGABYTE),
      number(growth / MEGABYTE),
      `${number(growth / bytes)}×`,
      wasm === undefined ? '' : number(wasm / 2 ** 20),
    ]),
  );
}

function changedTable(results) {
  const full = results.of('changed', { side: 'full' });
  if (full.length === 0) return undefined;
  return table(
    ['runtime', 'size', 'changed', 'full, ms', 'immutable, ms', 'JSON, ms', 'full / immutable', 'JSON / immutable'],
    full.map(({ runtime, size, share, ms }) => {
      const other = (side) => results.of('changed', { runtime, size, share, side })[0]?.ms;
      const [immutable, json] = [other('immutable'), other('JSON')];
      const ratios = [ms / immutable, json / immutable].map((ratio) => `${number(ratio)}×`);
      return [runtime, size, `${share * 100} %`, ...[ms, immutable, json].map(number), ...ratios];
    }),
  );
}

function decideTable(results) {
  const lines = results.of('decide');
  if (lines.length === 0) return undefined;
  const runtimes = unique(lines.map(({ runtime }) => runtime));
  const us = (runtime, policy, read) => results.of('decide', { runtime, policy, read })[0]?.us;
  const reads = unique(lines.map(({ read }) => read));
  return table(
    ['policy', ...runtimes.flatMap((runtime) => reads.map((read) => `${runtime}, ${read}, µs`))],
    unique(lines.map(({ policy }) => policy)).map((policy) => [
      policy,
      ...runtimes.flatMap((runtime) => reads.map((read) => number(us(runtime, policy, read)))),
    ]),
  );
}

/** Our milliseconds, and how many times as long each side takes. */
function foldTable(results, runtime) {
  const ours = results.of('fold', { runtime, side: 'snapfold' });
  if (ours.length === 0) return undefined;
  const sides = unique(results.of('fold', { runtime }).map(({ side }) => side)).filter((side) => side !== 'snapfold');
  const ratio = (name, part, side, ms) => results.of('fold', { runtime, name, part, side })[0]?.ms / ms;
  return table(
    ['log', 'streams', 'events', 'snapfold, ms', 'ns an event', ...sides],
    ours.map(({ name, part, streams, events, ms }) => [
      part === 'all' ? name : `${name}: its beginning`,
      `${streams}`,
      `${events}`,
      number(ms),
      number((ms * 1e6) / events),
      ...sides.map((side) => times(ratio(name, part, side, ms))),
    ]),
  );
}

function times(ratio) {
  return Number.isNaN(ratio) ? '' : `${number(ratio)}×`;
}

function foldMemoryTable(results) {
  const lines = results.of('fold memory');
  if (lines.length === 0) return undefined;
  return table(
    [
      'runtime',
      'events',
      'in batches of',
      'state, KB',
      'WebAssembly memory after the first batch, MB',
      'after the last, MB',
      'the process grows by, MB',
    ],
    lines.map(({ runtime, events, batch, state, wasmBefore, wasm, growth }) => [
      runtime,
      `${events}`,
      `${batch}`,
      number(state / 1000),
      number(wasmBefore / 2 ** 20),
      number(wasm / 2 ** 20),
      number(growth / MEGABYTE),
    ]),
  );
}

/** Three digits that count. */
function number(value) {
  if (value === undefined || Number.isNaN(value)) return '';
  if (value >= 100) return value.toFixed(0);
  return value.toPrecision(value < 0.1 ? 2 : 3);
}

function table(head, rows) {
  const widths = head.map((cell, column) =>
    Math.max(3, ...[cell, ...rows.map((row) => row[column])].map((text) => [...text].length)),
  );
  const line = (cells) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] - [...cell].length + cell.length)).join(' | ')} |`;
  return [line(head), `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`, ...rows.map(line)].join('\n');
}
