/**
 * States to measure: six families, each made of as many like units as its size needs. Deterministic, and only what JSON can
 * hold (no Map, Date, BigInt, undefined), so that every side can take part and gives back what it was given.
 */

/** name → { about, make(units, random) } */
export const FAMILIES = {
  records: {
    about: 'an array of orders with lines: objects of two shapes',
    make: (units, random) => ({ orders: list(units, (index) => order(index, random)) }),
  },
  trees: {
    about: 'documents of nested nodes, up to 29 levels of objects and arrays',
    make: (units, random) => ({ documents: list(units, (index) => document(index, random)) }),
  },
  dictionary: {
    about: 'one object whose keys are ids: a read model by id',
    make: (units, random) =>
      dictionary(
        units,
        () => id(random),
        () => whole(random, 1_000_000),
      ),
  },
  smallDictionaries: {
    about: 'objects of three to seven keys, all keys of the state different',
    make: (units, random) =>
      list(units, () =>
        dictionary(
          3 + whole(random, 5),
          () => id(random),
          () => whole(random, 1000),
        ),
      ),
  },
  text: {
    about: 'messages with text of which most is not ASCII (Greek, Cyrillic, CJK, accents, emoji)',
    make: (units, random) => ({ messages: list(units, (index) => message(index, random)) }),
  },
  numbers: {
    about: 'arrays of 16 numbers: integers of all sizes, prices, and floats that need all their digits',
    make: (units, random) => ({ series: list(units, (index) => series(index, random)) }),
  },
};

/** All of them in one state, with equal shares: no shape is alone in the optimised code. */
export const MIXED = {
  about: 'an object with one part of each family',
  make: (units, random) =>
    Object.fromEntries(
      Object.entries(PARTS).map(([family, part]) => [family, FAMILIES[family].make(units * part, random)]),
    ),
};

/** Units of about a kilobyte of JSON. */
const PARTS = { records: 5, trees: 1, dictionary: 50, smallDictionaries: 11, text: 7, numbers: 6 };

export const SIZES = { '2 KB': 2_000, '100 KB': 100_000, '1 MB': 1_000_000, '50 MB': 50_000_000 };

/** How many units make a state of about that many bytes of JSON. Measured on a sample, so that 50 MB cost no 50 MB text. */
export function unitsFor(family, jsonBytes) {
  const sample = 500;
  const bytes = (units) => Buffer.byteLength(JSON.stringify(makeState(family, units)));
  return Math.max(1, Math.round((jsonBytes * sample) / bytes(sample)));
}

export function makeState(family, units) {
  return { ...FAMILIES, mixed: MIXED }[family].make(units, randomOf(family));
}

/** mulberry32: a number in [0, 1). */
export function randomOf(seed) {
  let a = 0;
  for (const character of String(seed)) a = (Math.imul(a, 31) + character.charCodeAt(0)) | 0;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const STATUSES = ['open', 'paid', 'shipped', 'delivered', 'returned'];
const KINDS = ['section', 'paragraph', 'list', 'item', 'quote', 'table'];
const WORDS = 'tea lamp chair order paid late green small heavy gift blue paper glass return parcel winter'.split(' ');
const FOREIGN = 'λόγος αριθμός привет заказ доставка 注文 配送 お茶 여름 größe façade señor 🚀 ✓ naïve čaj'.split(' ');

export function order(index, random) {
  return {
    id: `order-${index}`,
    customer: `c${whole(random, 100_000)}`,
    status: pick(random, STATUSES),
    total: price(random),
    paid: random() < 0.5,
    note: random() < 0.3 ? sentence(random, WORDS, 4) : null,
    lines: list(1 + whole(random, 3), () => ({
      sku: `sku-${whole(random, 5000)}`,
      quantity: 1 + whole(random, 9),
      price: price(random),
    })),
  };
}

function document(index, random) {
  const node = (depth) => ({
    kind: pick(random, KINDS),
    level: depth,
    title: sentence(random, WORDS, 2),
    // Mostly one child, now and then two, so that it is deep rather than wide.
    children: depth === 0 ? [] : list(depth % 6 === 0 ? 2 : 1, () => node(depth - 1)),
  });
  return { id: index, root: node(3 + whole(random, 10)) };
}

function message(index, random) {
  return {
    id: index,
    from: sentence(random, FOREIGN, 1),
    subject: sentence(random, FOREIGN, 3),
    body: sentence(random, FOREIGN, 5 + whole(random, 16)),
  };
}

function series(index, random) {
  const one = [
    () => whole(random, 24),
    () => whole(random, 1000),
    () => whole(random, 2 ** 31),
    () => price(random),
    () => random() * 2 - 1,
  ];
  return { name: `series-${index}`, values: list(16, (at) => one[(index + (at >> 2)) % one.length]()) };
}

function dictionary(size, key, value) {
  const object = {};
  for (let i = 0; i < size; i++) object[key()] = value();
  return object;
}

function id(random) {
  return flat(`k${whole(random, 2 ** 32).toString(36)}${whole(random, 2 ** 16).toString(36)}`);
}

function sentence(random, words, count) {
  let text = pick(random, words);
  for (let i = 1; i < count; i++) text += ` ${pick(random, words)}`;
  return flat(text);
}

/** A string as a parser makes it: concatenations are trees until somebody reads them. */
function flat(text) {
  return Buffer.from(text).toString();
}

function list(length, make) {
  return Array.from({ length }, (_, index) => make(index));
}

function pick(random, choices) {
  return choices[whole(random, choices.length)];
}

function price(random) {
  return whole(random, 100_000) / 100;
}

function whole(random, below) {
  return Math.floor(random() * below);
}
