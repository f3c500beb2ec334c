/** Golden vectors for the fixtures, and what they must report: the bytes in tests/vectors, which no JavaScript wrote. */
import { readFileSync } from 'node:fs';

const read = (file) => JSON.parse(readFileSync(new URL(`../../vectors/${file}`, import.meta.url), 'utf8'));

/** Enough for every runtime; the package's own tests take all. These headers are plain JSON. */
const frames = read('frames.json').filter(({ header, mediaType, key, compressed }) => header.meta === null && mediaType === null && key === null && !compressed);
const refused = read('frames-refused.json').filter(({ expect }) => expect === undefined);
/** JavaScript's objects have integer-like keys first, and Node has Float16Array since its version 24. */
const values = read('values.json').filter(({ name }) => name !== 'integer-like keys stay in place' && name !== 'Float16');

export const vectors = {
  values: values.map(({ hex }) => hex),
  frames: frames.map(({ header, payloadHex, frameHex }) => ({ header, payload: payloadHex, frame: frameHex })),
  refused: refused.map(({ frameHex }) => frameHex),
};

export const expected = {
  values: values.map(({ hex }) => hex),
  frames: frames.map(({ frameHex }) => frameHex),
  opened: frames.map(({ payloadHex }) => payloadHex),
  refused: refused.map(({ code }) => code),
  cart: { source: 'snapshot', restoredFrom: 200, replayed: 50, state: 'd99080838265736b752d3118548265736b752d3218538265736b752d301853' },
};

export const expectedWithFolds = {
  ...expected,
  folds: {
    state: { open: 1, total: 450 },
    bytes: 'a2646f70656e0165746f74616c1901c2',
    digest: '73794c988d385822875146ef6db4905cf3d620882882d7904206985a1b36308c',
    source: 'snapshot',
    same: true,
    code: 'invalidOption',
  },
};
