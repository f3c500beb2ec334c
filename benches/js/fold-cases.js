/**
 * What is folded: a log, a built-in fold, and reducers by hand that make the same state.
 *
 * `mutable` changes its state, in `Map`s; `spread` copies. `plain` makes of a state of `mutable` what the fold gives.
 */
import { readFileSync } from 'node:fs';
import * as byHand from '../../examples/rules/loan-applications.js';
import * as orders from '../../examples/rules/orders.js';
import { plain } from '../../examples/rules/plain.js';
import { journalFold, rulesFold } from '../../pkg/dist/folds.js';
import * as journal from './compact-journal.js';
import { byStream, journalLog, loansLog, ordersLog } from './fold-logs.js';
import * as spread from './spread-reducers.js';

const PUT = { put: '/applications/{/stream}' };
const COUNT = { add: '/activities/{/data/activity}', value: 1, initial: 0 };

/** The same operations for every type of event. */
const loans = (operations) => ({
  initial: { applications: {}, activities: {} },
  events: { position: '/seq' },
  rules: Object.fromEntries(
    ['A.COMPLETE', 'O.COMPLETE', 'W.SCHEDULE', 'W.START', 'W.COMPLETE'].map((type) => [type, operations]),
  ),
});

const newest = {
  initialState: () => ({ applications: new Map(), activities: new Map() }),
  evolve: (state, { stream, data }) => {
    state.applications.set(stream, data);
    return state;
  },
};

const latest = {
  initialState: () => ({ applications: new Map(), activities: new Map() }),
  evolve: (state, { stream, data }) => {
    state.applications.set(stream, data);
    state.activities.set(data.activity, (state.activities.get(data.activity) ?? 0) + 1);
    return state;
  },
};

/** name → { of, log, fold, mutable, spread?, plain }; `log(events, file)` gives the bytes of each stream, `of` says what they are. */
export const CASES = {
  'loan applications': {
    of: 'loans',
    log: (events, file) => [loansLog(events, file)],
    fold: () => rulesFold(specification('loan-applications')),
    mutable: byHand.wholeLog,
    spread: spread.wholeLog,
    plain,
  },
  'loan applications, latest': {
    of: 'loans',
    log: (events, file) => [loansLog(events, file)],
    fold: () => rulesFold(loans([PUT, COUNT])),
    mutable: latest,
    spread: spread.latest,
    plain,
  },
  'loan applications, newest value': {
    of: 'loans',
    log: (events, file) => [loansLog(events, file)],
    fold: () => rulesFold(loans([PUT])),
    mutable: newest,
    plain,
  },
  'loan applications, by stream': {
    of: 'loans',
    log: (events, file) => byStream(loansLog(events, file)),
    fold: () => rulesFold(specification('loan-application')),
    mutable: byHand.perApplication,
    spread: spread.perApplication,
    plain,
  },
  orders: {
    of: 'orders',
    log: (events) => [ordersLog(events)],
    fold: () => rulesFold(specification('orders')),
    mutable: orders,
    spread: spread.orders,
    plain,
  },
  journal: {
    of: 'journal',
    log: (events) => [journalLog(events)],
    fold: () => journalFold(),
    mutable: journal,
    plain: ({ steps }) => steps,
  },
};

/** Of examples/rules. */
export function specification(name) {
  return JSON.parse(readFileSync(new URL(`../../examples/rules/${name}.json`, import.meta.url), 'utf8'));
}
