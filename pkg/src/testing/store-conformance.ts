/** What every snapshot store must do, as a list of checks for whatever test runner. */
import type { SnapshotStore } from '../store.js';
import type { Check } from './check.js';
import { basicChecks } from './store-basics.js';
import { offerChecks } from './store-offers.js';

/** What a check is about. A store that breaks one rule fails the checks of that rule, and no others. */
export type Rule =
  /** What is not there reads as nothing, and can be deleted. */
  | 'absence'
  /** Bytes come back as they were put. */
  | 'bytes'
  /** What the caller does with an array afterwards changes nothing. */
  | 'copies'
  /** `meta` may be missing, and may hold anything of its types. */
  | 'meta'
  /** A put replaces what lies there. */
  | 'replace'
  /** Who reads while others write sees one value or another, whole. */
  | 'atomic'
  /** Keys are told apart, whatever ids they are made of. */
  | 'keys'
  /** Listings ascend bytewise. */
  | 'order'
  /** A prefix is a beginning, and no pattern. */
  | 'prefix'
  /** `start` is inclusive. */
  | 'start'
  /** A listing has as many keys as were asked for, if there are so many. */
  | 'limit'
  /** A delete takes exactly the keys it names. */
  | 'delete'
  /** Values up to `maxValueBytes` are taken. */
  | 'size'
  /** The store has what it is said to offer, and nothing besides. */
  | 'offers'
  /** What was put is there after a restart. */
  | 'durable'
  /** The three optional methods, and the signal: see {@link SnapshotStore}. */
  | Offer;

/** What a store may have beyond the four functions that every store has; `signal`: it stops when the signal is aborted. */
export type Offer = 'putIfAbsent' | 'newest' | 'transact' | 'signal';

export interface ConformanceOptions {
  /** What the store offers beyond `list`, `get`, `put` and `delete`. Default: nothing. */
  readonly offers?: readonly Offer[];
  /** Gives the store up as the end of a process would, and opens what it has left behind. Without it, `durable` is not checked. */
  readonly reopen?: (store: SnapshotStore) => SnapshotStore | Promise<SnapshotStore>;
  /** Called when a check is done with its store. */
  readonly close?: (store: SnapshotStore) => unknown;
  /** Waits until listings show every write; for stores whose `listing` is `'eventual'`. */
  readonly settle?: (store: SnapshotStore) => unknown;
}

/**
 * The checks for the stores that `makeStore` makes: an empty one at each call. Give each check to your runner as a test of its own:
 * `for (const { name, run } of storeConformance(makeStore)) test(name, run)`.
 */
export function storeConformance(
  makeStore: () => SnapshotStore | Promise<SnapshotStore>,
  options: ConformanceOptions = {},
): Check<Rule>[] {
  const { offers = [], close, settle, reopen } = options;
  const checks = [...basicChecks(offers, reopen), ...offerChecks.filter(({ rule }) => offers.includes(rule as Offer))];
  return checks.map(({ name, rule, check }) => ({
    name,
    rule,
    async run() {
      let store = await makeStore();
      const subject: Subject = {
        get store() {
          return store;
        },
        async list(prefix, limit, start) {
          await settle?.(store);
          return store.list(prefix, start === undefined ? { limit } : { limit, start });
        },
        async reopen() {
          store = (await reopen?.(store)) ?? store;
        },
      };
      try {
        // Where a method is missing, the check of `offers` says so.
        if (rule === 'signal' || !offers.includes(rule as Offer) || store[rule as Exclude<Offer, 'signal'>] !== undefined) await check(subject);
      } finally {
        await close?.(store);
      }
    },
  }));
}

/** What a check works with. */
export interface Subject {
  readonly store: SnapshotStore;
  list(prefix: string, limit: number, start?: string): Promise<readonly string[]>;
  reopen(): Promise<void>;
}

export interface StoreCheck {
  readonly name: string;
  readonly rule: Rule;
  check(subject: Subject): Promise<void>;
}
