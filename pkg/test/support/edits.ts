/** Edits of states as copy-on-write reducers make them: what is not changed is shared with the state before. */

/** Numbers that a seed decides (mulberry32). */
export class Random {
  #seed: number;

  constructor(seed: number) {
    this.#seed = seed;
  }

  /** From 0 to `count − 1`. */
  below(count: number): number {
    this.#seed = (this.#seed + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#seed ^ (this.#seed >>> 15), this.#seed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % count;
  }

  of<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)] as T;
  }
}

/** Large enough that its arrays, objects and Maps are remembered one by one. */
export function exampleState(random: Random): unknown {
  const many = <T>(make: (index: number) => T): T[] => Array.from({ length: 20 + random.below(100) }, (_, index) => make(index));
  const shared = many(() => record(random));
  return {
    list: many(() => record(random)),
    dictionary: Object.fromEntries(many((index) => [`key ${index * 7}`, record(random)])),
    numbered: Object.fromEntries(many((index) => [index * 3, record(random)])),
    map: new Map(many((index) => [random.of([index, `key ${index}`, { key: index }]), record(random)])),
    lists: many(() => Array.from({ length: random.below(60) }, () => record(random))).slice(0, 8),
    nested: { deep: { deeper: { list: shared, map: new Map([['list', shared]]) } } },
    set: new Set(many((index) => index)),
    numbers: Array.from({ length: 3_000 }, (_, index) => index / 2),
    texts: many(() => random.of(['', 'text', 'ü'.repeat(30), 'long '.repeat(1_500)])),
    shared,
    small: [0, -0, NaN, undefined, null],
  };
}

const SMALL: readonly (() => unknown)[] = [
  ...[0, -0, NaN, 1.5, null, undefined, true, '', 'text', '\ud800', 10n, 'long '.repeat(1_500)].map((value) => () => value),
  () => new Date(5),
  () => new Map([[{ a: 1 }, 2]]),
  () => new Set(['a']),
  () => new Float32Array(3),
  () => new Uint8Array(5_000),
  () => ({}),
  () => [],
];

function record(random: Random): unknown {
  const id = random.below(1_000);
  const plain = { id, name: `a name that takes some room: ${id}`, tags: ['a', 'b'], at: { day: id % 31, note: 'more text here' } };
  return random.below(30) > 0 ? plain : { ...plain, odd: random.of(SMALL)() };
}

type Entries = [key: unknown, item: unknown][];

/** One edit somewhere in `state`. */
export function edited(state: unknown, random: Random): unknown {
  return editedAt(state, state, random, true);
}

function editedAt(value: unknown, root: unknown, random: Random, isRoot: boolean): unknown {
  const entries = entriesOf(value);
  if (entries === undefined) return changedInPlace(value, random) ? value : random.of(SMALL)();
  if (entries.length > 0 && (isRoot || random.below(3) > 0)) {
    const chosen = random.of(entries);
    const item = editedAt(chosen[1], root, random, false);
    if (Object.is(item, chosen[1])) return value; // what is in it has changed in place
    return remade(value, entries.map((entry): [unknown, unknown] => (entry === chosen ? [entry[0], item] : entry)));
  }
  if (value instanceof Map && random.below(2) === 0) {
    value.set(random.of(['new key', 3, 'key 3']), record(random)); // allowed: a Map is not remembered
    return value;
  }
  if (random.below(6) === 0) return remade(random.of([[], {}, new Map()]), entries); // another kind of thing that holds the same
  return remade(value, random.of(EDITS)(entries, random, root));
}

/** What an array, plain object or Map holds; undefined for anything else. */
function entriesOf(value: unknown): Entries | undefined {
  if (Array.isArray(value)) return value.map((item, index) => [index, item] as [unknown, unknown]);
  if (value instanceof Map) return [...value];
  return Object.prototype.toString.call(value) === '[object Object]' ? Object.entries(value as object) : undefined;
}

function remade(value: unknown, entries: Entries): unknown {
  if (Array.isArray(value)) return entries.map(([, item]) => item);
  return value instanceof Map ? new Map(entries) : Object.fromEntries(entries.map(([key, item]) => [String(key), item]));
}

function changedInPlace(value: unknown, random: Random): boolean {
  if (value instanceof Date) value.setTime(random.below(1_000_000));
  else if (value instanceof Set) value.add(random.below(500));
  else if (value instanceof Uint8Array || value instanceof Float32Array) value.fill(random.below(200));
  else return false;
  return true;
}

const EDITS: readonly ((entries: Entries, random: Random, root: unknown) => Entries)[] = [
  (entries, random) => replaced(entries, random, record(random)),
  (entries, random) => replaced(entries, random, random.of(SMALL)()),
  (entries, random, root) => replaced(entries, random, somewhere(root, random)),
  (entries, random) => entries.map((entry) => (random.below(10) > 0 ? entry : [entry[0], record(random)])),
  (entries, random) => entries.map(([key]) => [key, random.below(5)]),
  ...[1, 2, 15].flatMap((count): typeof EDITS => [
    (entries, random, root) => {
      const item = (): unknown => (random.below(4) > 0 ? record(random) : somewhere(root, random));
      return spliced(entries, random, 0, Array.from({ length: count }, () => [newKey(random), item()]));
    },
    (entries, random) => spliced(entries, random, count, []),
    (entries, random) => spliced(entries.slice(0, -count), random, 0, entries.slice(-count)),
  ]),
  (entries) => [...entries].reverse(),
  (entries) => [...entries].sort(([a], [b]) => hash(a) - hash(b)),
  (entries) => entries.map(([key, item], index) => [key, entries.at(index - 1)?.[1] ?? item]),
  (entries) => entries.map(([key, item], index) => [index % 9 === 0 ? `renamed ${String(key)}` : key, item]),
  (entries) => [...entries, ...entries.slice(0, 5).map(([key, item]): [unknown, unknown] => [`copy of ${String(key)}`, item])],
  () => [],
];

function replaced(entries: Entries, random: Random, item: unknown): Entries {
  const place = random.below(Math.max(1, entries.length));
  return entries.map((entry, index) => (index === place ? [entry[0], item] : entry));
}

function spliced(entries: Entries, random: Random, removed: number, added: Entries): Entries {
  const place = random.below(entries.length + 1);
  return [...entries.slice(0, place), ...added, ...entries.slice(place + removed)];
}

const newKey = (random: Random): string => random.of([`new ${random.below(50)}`, String(random.below(400)), '__proto__', 'ü']);

const hash = (key: unknown): number => (String(key).length * 31 + (Number(key) || 0) * 17) % 97;

/** Something that is in the state already. */
function somewhere(value: unknown, random: Random): unknown {
  const entries = entriesOf(value);
  return entries === undefined || entries.length === 0 || random.below(3) === 0 ? value : somewhere(random.of(entries)[1], random);
}
