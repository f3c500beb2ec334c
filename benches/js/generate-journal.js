/** The journal of a long durable execution, in the names of the table that is shipped. It is cut where it is long enough, so it may end in a step. */
import { randomFrom } from '../../examples/rules/random.js';

const START = Date.UTC(2025, 0, 1);
const FUNCTIONS = ['charge', 'refund', 'reserve', 'notify', 'quote'];

export function* journalEvents({ events, seed = 1 }) {
  const random = randomFrom(seed);
  let time = START;
  let position = 0;
  for (let command = 1; position < events; command++) {
    for (const [type, data] of stepOf(`command-${command}`, random).slice(0, events - position)) {
      position += 1;
      time += random.below(2_000);
      yield { position, id: `e-${position}`, type, at: new Date(time).toISOString(), data };
    }
  }
}

/** The events of one step, each `[type, data]`. */
function stepOf(command_id, random) {
  const choice = random.below(100);
  if (choice < 55) return activity(command_id, random);
  if (choice < 75) return timer(command_id);
  if (choice < 87)
    return [['side_effect', { command_id, kind: 'uuid', payload: `${random.below(1e9)}-${random.below(1e9)}` }]];
  if (choice < 95) return signal(command_id, random);
  return [['workflow_log', { command_id, level: 'info', message: `${random.below(1_000)} orders are left` }]];
}

/** One in four fails; what fails is mostly tried again, up to three times. */
function activity(command_id, random) {
  const what = { command_id, module: 'Billing', function: random.oneOf(FUNCTIONS), arity: 2 };
  const events = [
    [
      'activity_scheduled',
      { ...what, arguments: { order: `o-${random.below(50_000)}`, cents: random.below(100_000) } },
    ],
  ];
  for (let attempt = 1; random.chance(0.25); attempt++) {
    events.push([
      'activity_failed',
      { ...what, error: { code: 'unavailable', message: 'the service did not answer', attempt } },
    ]);
    if (attempt === 4 || random.chance(0.1)) return events;
    events.push(['activity_retry_scheduled', { command_id, attempt, delay: 1_000 * attempt }]);
  }
  const receipt = {
    receipt: `r-${random.below(1e9)}`,
    lines: [{ sku: `sku-${random.below(5_000)}`, cents: random.below(100_000) }],
  };
  return [...events, ['activity_completed', { ...what, payload: receipt }]];
}

function timer(command_id) {
  const data = { command_id, timer_id: `timer-${command_id}` };
  return [
    ['timer_started', { ...data, delay: 60_000 }],
    ['timer_fired', data],
  ];
}

/** One in five does not come in time. */
function signal(command_id, random) {
  const timeout = `timeout-${command_id}`;
  const awaited = ['signal_awaited', { command_id, name: 'approved', timeout_timer_id: timeout }];
  if (random.chance(0.2)) return [awaited, ['timer_fired', { command_id, timer_id: timeout }]];
  return [
    awaited,
    [
      'signal_received',
      { command_id, name: 'approved', payload: { by: `u-${random.below(500)}`, ok: random.chance(0.9) } },
    ],
  ];
}
