/**
 * The compaction of a journal by hand, for what `generate-journal.js` makes: it changes its state, and keeps the events that wait. It
 * checks as much as the built-in fold does: positions, command ids, shapes, and which event may follow which.
 */

export function initialState() {
  return {
    /** Position of the first event → step. */
    steps: new Map(),
    position: 0,
    /** The step that waits for its end. */
    open: undefined,
    /** The last step, if it has failed and may be tried again. */
    failed: undefined,
    /** The events of either. */
    waiting: [],
  };
}

export function evolve(state, event) {
  if (event.position !== state.position + 1) throw new Error(`there is a gap before ${event.position}`);
  if (typeof event.data.command_id !== 'string') throw new Error(`${event.position} has no command id`);
  state.position = event.position;
  if (state.open !== undefined) goOn(state, state.open, event);
  else start(state, event);
  return state;
}

function start(state, event) {
  const { type, data } = event;
  switch (type) {
    case 'activity_scheduled':
      return begin(state, event, 'activity', activityShape(data));
    case 'activity_retry_scheduled':
      return retry(state, event);
    case 'timer_started':
      return begin(state, event, 'timer', 'timer');
    case 'signal_awaited':
      return begin(state, event, 'await_signal', data.name);
    case 'side_effect':
      return alone(state, event, 'side_effect', data.kind, data.payload);
    case 'workflow_log':
      return alone(state, event, 'workflow_log', { level: data.level, message: data.message }, 'ok');
    default:
      throw new Error(`${event.position}: there is nothing that ${type} could go on with`);
  }
}

function goOn(state, open, event) {
  if (event.data.command_id !== open.step.commandId) throw mismatch(event);
  state.waiting.push(event);
  switch (open.step.kind) {
    case 'activity':
      return goOnWithActivity(state, open, event);
    case 'timer':
      if (event.type !== 'timer_fired' || event.data.timer_id !== open.opener.timer_id) throw mismatch(event);
      return end(state, open, event, 'ok');
    default:
      return goOnWithSignal(state, open, event);
  }
}

function goOnWithActivity(state, open, event) {
  const { type, data } = event;
  switch (type) {
    case 'activity_completed':
      if (!sameActivity(open.step.shape, data)) throw mismatch(event);
      return end(state, open, event, data.payload);
    case 'activity_failed':
      if (!sameActivity(open.step.shape, data)) throw mismatch(event);
      fail(state, open, event, data.error);
      state.failed = open;
      return;
    case 'activity_retry_scheduled':
      open.retried = true;
      return;
    case 'activity_scheduled':
      if (open.retried) return;
  }
  throw mismatch(event);
}

function goOnWithSignal(state, open, event) {
  const { type, data } = event;
  if (type === 'signal_received' && data.name === open.step.shape) return end(state, open, event, data.payload);
  if (type !== 'timer_fired' || data.timer_id !== open.opener.timeout_timer_id) throw mismatch(event);
  fail(state, open, event, 'timeout');
}

function begin(state, event, kind, shape) {
  state.open = {
    position: event.position,
    opener: event.data,
    retried: false,
    step: { kind, commandId: event.data.command_id, shape },
  };
  state.failed = undefined;
  state.waiting = [event];
}

function alone(state, { position, data }, kind, shape, result) {
  state.failed = undefined;
  state.steps.set(position, { kind, commandId: data.command_id, shape, result: result ?? null, advanceBy: 1 });
}

/** The failed step is none: it goes on. */
function retry(state, event) {
  const { failed } = state;
  if (failed === undefined || failed.step.commandId !== event.data.command_id) throw mismatch(event);
  state.steps.delete(failed.position);
  failed.retried = true;
  state.open = failed;
  state.failed = undefined;
  state.waiting.push(event);
}

function end(state, { position, step: { kind, commandId, shape } }, event, result) {
  state.steps.set(position, {
    kind,
    commandId,
    shape,
    result: result ?? null,
    advanceBy: event.position - position + 1,
  });
  state.open = undefined;
}

function fail(state, { position, step: { kind, commandId, shape } }, event, error) {
  state.steps.set(position, { kind, commandId, shape, error: error ?? null, advanceBy: event.position - position + 1 });
  state.open = undefined;
}

function activityShape({ module, function: name, arity }) {
  return { module, function: name, arity };
}

function sameActivity(shape, { module, function: name, arity }) {
  return shape.module === module && shape.function === name && shape.arity === arity;
}

function mismatch({ position, type }) {
  return new Error(`${position}: ${type} does not belong to the step before it`);
}
