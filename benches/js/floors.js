/** What the project has set itself, against what was measured. */
import { geometricMean } from './results.js';

const MEGABYTE = 1024 * 1024;

/** How many times faster than the quickest of `against`: on the mean of the families, on records, on the worst family. */
const SPEED = [
  { on: 'Node', work: 'seal', against: ['JSON', 'JSON, TextEncoder'], label: 'JSON + SHA-256', mean: 1.1, records: 1.3, 'worst family': 0.6 },
  { on: 'Node', work: 'seal', against: ['JSON, text'], label: 'JSON + SHA-256, text only', mean: 1.1, records: 1.3, 'worst family': 0.6 },
  { on: 'Node', work: 'seal', against: ['canonicalize'], label: 'canonicalize + SHA-256', mean: 4 },
  { on: 'Node', work: 'seal', against: ['serde-wasm-bindgen'], label: 'serde-wasm-bindgen + SHA-256', mean: 6 },
  { on: 'Node', work: 'open', against: ['JSON', 'JSON, TextEncoder'], label: 'SHA-256 + JSON', mean: 1.1, records: 1.4, 'worst family': 0.7 },
  { on: 'Node', work: 'open', against: ['JSON, text'], label: 'SHA-256 + JSON, text only', mean: 1.1, records: 1.4, 'worst family': 0.7 },
  { on: 'Rust', work: 'seal', against: ['serde_json'], label: 'serde_json + SHA-256', mean: 1.5 },
];

/** How a floor is taken from the ratios of the families. */
const TAKEN = {
  mean: (ratios) => ({ value: geometricMean(ratios.map(({ ratio }) => ratio)) }),
  records: (ratios) => ({ value: ratios.find(({ family }) => family === 'records')?.ratio }),
  'worst family': (ratios) => {
    const [{ family, ratio }] = ratios.toSorted((a, b) => a.ratio - b.ratio);
    return { value: ratio, note: family };
  },
};

/** A row for each floor: `{ runtime, what, floor, cells: { size: { value, unit, met, note? } } }`. */
export function floors(results) {
  return results.runtimes.flatMap((runtime) => [...speed(results, runtime), ...costs(results, runtime)]);
}

function speed(results, runtime) {
  return SPEED.filter(({ on }) => runtime.startsWith(on)).flatMap((entry) =>
    Object.keys(TAKEN)
      .filter((taken) => entry[taken] !== undefined)
      .map((taken) => {
        const cells = results.sizes.flatMap((size) => {
          const ratios = results.ratios(runtime, entry.work, size, entry.against);
          const { value, note } = ratios.length === 0 ? {} : TAKEN[taken](ratios);
          return value === undefined ? [] : [[size, { value, unit: '×', met: value >= entry[taken], note }]];
        });
        return { runtime, what: `${entry.work} against ${entry.label}: ${taken}`, floor: `${entry[taken]}×`, cells: Object.fromEntries(cells) };
      })
      .filter(({ cells }) => Object.keys(cells).length > 0),
  );
}

function costs(results, runtime) {
  const decisions = results.of('decide', { runtime, read: 'take' });
  const memory = results.of('memory', { runtime, side: 'snapfold' });
  const again = (size, side) => results.of('changed', { runtime, size, share: 0.01, side })[0]?.ms;
  const gains = results.sizes.flatMap((size) => {
    const value = again(size, 'full') / again(size, 'immutable');
    return Number.isNaN(value) ? [] : [[size, { value, unit: '×', met: value >= 10 }]];
  });
  const below = (what, size, numbers, limit, unit) => {
    const value = Math.max(...numbers);
    return numbers.length === 0 ? [] : [{ runtime, what, floor: `< ${limit}${unit}`, cells: { [size]: { value, unit, met: value < limit } } }];
  };
  return [
    ...(gains.length === 0 ? [] : [{ runtime, what: 'sealing again after 1 % changed, against a full seal', floor: '10×', cells: Object.fromEntries(gains) }]),
    ...below('decide, the slowest policy tried', 'any', decisions.map(({ us }) => us), 2, ' µs'),
    ...below('memory while sealing, against what is made', '50 MB', memory.map(({ growth, bytes }) => growth / bytes), 3, '×'),
    ...below('WebAssembly memory after sealing', '50 MB', memory.map(({ wasm }) => wasm / MEGABYTE), 2, ' MB'),
  ];
}
