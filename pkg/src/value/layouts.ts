/**
 * Layouts: the sequences of keys that objects had lately, so that the keys of the next one need only be compared. They form a tree: each
 * step is a key after those before it. What is kept is fixed in size, and a key is taken for known only if all its bytes are the same:
 * nothing read earlier changes what is read now.
 */
import { type Build, build, claimBuilder, MAX_GROWN, templateOf } from './builders.js';

/** Key items beyond this length are not learnt. */
export const MAX_ITEM = 40;
const MAX_STEPS = 4096;
/** How many steps that follow are looked through for one. */
const MAX_FOLLOWING = 64;
/** A layout that was seen so often may have a builder of its own. */
const OFTEN = 32;

/** A key as an item. */
interface Key {
  /** Its bytes, head included. */
  readonly item: Uint8Array;
  readonly hash: number;
  readonly text: string;
}

/** A key after those of the steps that lead here. */
export class Step {
  /** The step that followed last time. */
  next: Step | undefined;
  /** Another step that follows the previous one. */
  private beside: Step | undefined;
  private layout: Layout | undefined;

  /** Hash of the keys up to here. */
  readonly path: number;

  constructor(
    readonly key: Key,
    private readonly previous?: Step,
  ) {
    this.path = previous === undefined ? 0 : pathOf(previous.path, key.hash);
  }

  /** The step that follows with the key item of this hash at `input[start..end]`, if it was learnt. */
  follow(input: Uint8Array, start: number, end: number, hash: number): Step | undefined {
    let before: Step | undefined;
    for (let step = this.next; step !== undefined; before = step, step = step.beside) {
      if (step.key.hash !== hash || !isItem(step.key.item, input, start, end)) continue;
      if (before !== undefined) {
        before.beside = step.beside;
        step.beside = this.next;
        this.next = step;
      }
      return step;
    }
    return undefined;
  }

  /** Adds a step; if there are too many, the one that did not follow for longest gives way. */
  learn(key: Key): Step {
    const step = new Step(key, this);
    step.beside = this.next;
    this.next = step;
    steps += 1;
    let last: Step | undefined = step;
    for (let i = 1; i < MAX_FOLLOWING && last !== undefined; i++) last = last.beside;
    if (last !== undefined) last.beside = undefined;
    return step;
  }

  /** The object that ends here, with the values from `at` on; undefined if a key is there twice. */
  object(values: readonly unknown[], at: number): object | undefined {
    return (this.layout ??= new Layout(this.keys())).object(values, at);
  }

  /** The keys up to here. */
  keys(): string[] {
    const keys: string[] = [];
    for (let step: Step = this; step.previous !== undefined; step = step.previous) keys.push(step.key.text);
    return keys.reverse();
  }
}

class Layout {
  private build: Build = build;
  private template: object | undefined;
  private seen = 0;

  constructor(private readonly keys: readonly string[]) {
    if (keys.length > MAX_GROWN) this.template = templateOf(keys);
  }

  object(values: readonly unknown[], at: number): object | undefined {
    const object = this.build(this.keys, values, at, this.template);
    // Only now the keys are known to be different.
    if (object !== undefined && ++this.seen === OFTEN) this.specialise();
    return object;
  }

  private specialise(): void {
    const builder = claimBuilder(this.keys);
    if (builder === undefined) return;
    this.build = builder.build;
    this.template = builder.template;
  }
}

const NO_KEY: Key = { item: new Uint8Array(), hash: 0, text: '' };
let root = new Step(NO_KEY);
let steps = 0;

/** Where the keys of every object start. */
export function rootStep(): Step {
  if (steps > MAX_STEPS) {
    root = new Step(NO_KEY);
    steps = 0;
  }
  return root;
}

export function isAt(item: Uint8Array, input: Uint8Array, at: number): boolean {
  for (let i = 0; i < item.length; i++) if (item[i] !== input[at + i]) return false;
  return true;
}

function isItem(item: Uint8Array, input: Uint8Array, start: number, end: number): boolean {
  return item.length === end - start && isAt(item, input, start);
}

const MAX_KEYS = 1024;
/** One object for each key, whatever the steps it is in: they are compared all the time. */
const keys = new Map<number, Key>();

/** The key item `input[start..end]`, whose text is this. */
export function keyOf(input: Uint8Array, start: number, end: number, hash: number, text: string): Key {
  const known = keys.get(hash);
  if (known !== undefined && isItem(known.item, input, start, end)) return known;
  if (keys.size === MAX_KEYS) keys.clear();
  // As engines keep the names of properties: quick to compare, and no piece of a longer text.
  const [name] = Object.keys({ [text]: 0 }) as [string];
  const key = { item: input.slice(start, end), hash, text: name };
  keys.set(hash, key);
  return key;
}

/** A bit for each sequence of keys that was met: one that does not come again is not worth learning. */
const met = new Int32Array(2048);
const MAX_MET = (met.length * 32) / 8;
let metBits = 0;

/** Whether a sequence of keys with this hash was met lately; if not, from now on it was. */
export function meet(path: number): boolean {
  const slot = (path >>> 5) & (met.length - 1);
  const bits = met[slot] as number;
  const bit = 1 << (path & 31);
  if ((bits & bit) !== 0) return true;
  if (metBits === MAX_MET) {
    met.fill(0);
    metBits = 0;
  }
  met[slot] = bits | bit;
  metBits += 1;
  return false;
}

/** The hash of a sequence of keys from that of all but the last and that of the last. */
export function pathOf(path: number, hash: number): number {
  const mixed = Math.imul(path ^ hash, 0x9e3779b1);
  return mixed ^ (mixed >>> 16);
}

/** FNV-1a, its high bits folded into the low ones. */
export function hashOf(input: Uint8Array, start: number, end: number): number {
  let hash = 0x811c9dc5 | 0;
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ (input[i] as number), 0x01000193);
  return hash ^ (hash >>> 15);
}
