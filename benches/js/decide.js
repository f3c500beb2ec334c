/** What a decision costs: asked after every command, so it has to be next to nothing. */
import {
  anyOf,
  decide,
  everyBytes,
  everyElapsed,
  everyEvents,
  perKind,
  tailRatio,
  whenEvent,
  withJitter,
} from '../../pkg/dist/node.js';
import { emit, progress } from './lines.js';
import { measure } from './measure.js';

const { timing } = JSON.parse(process.argv[2]);

const busy = {
  events: 1_040,
  snapshot: { events: 1_000, at: 1_700_000_000_000, bytes: 20_000 },
  attempt: undefined,
  tailBytes: 5_000,
  now: 1_700_000_060_000,
  firstAt: 1_690_000_000_000,
  load: { millis: 12, events: 1_000 },
  eventTypes: ['LineAdded', 'LineRemoved'],
  kind: 'cart',
  streamId: 'cart-42',
};

const several = anyOf(everyEvents(100), everyBytes('64KiB'), everyElapsed('1h'), tailRatio(1), whenEvent('CartClosed'));
const policies = {
  'everyEvents(100)': [everyEvents(100), { events: 1_040, snapshot: { events: 1_000 } }],
  'five triggers, nothing to do': [several, busy],
  'five triggers, take': [several, { ...busy, events: 1_100 }],
  'by kind, with jitter': [perKind({ cart: withJitter(0.2, everyEvents(100)) }, everyEvents(10)), busy],
};
const readings = {
  take: (decision) => Number(decision.take),
  'take and reason': (decision) => Number(decision.take) + decision.reason.length,
};

progress('decide');
const repeat = 1_000;
const tasks = Object.entries(policies).flatMap(([policy, [rules, observation]]) =>
  Object.entries(readings).map(([name, use]) => ({
    policy,
    read: name,
    run: () => {
      let sum = 0;
      for (let i = 0; i < repeat; i++) sum += use(decide(rules, observation));
      return sum;
    },
  })),
);
for (const { policy, read, ms } of measure(tasks, timing))
  emit({ kind: 'decide', policy, read, us: (ms * 1000) / repeat });
