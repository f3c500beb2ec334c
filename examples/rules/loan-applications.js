// @ts-check
/** What `loan-applications.json` and `loan-application.json` say, by hand: reducers that change their state. */
import { known } from './plain.js';

/** @typedef {{ stream: string, type: string, at: string, data: { activity: string, phase: string, by?: string, amount?: number } }} LoanEvent */

/**
 * @typedef {object} Application
 * @property {number} events
 * @property {Map<string, string>} work The phase of each piece of work.
 * @property {string} [status]
 * @property {number} [amount]
 * @property {string} [by]
 * @property {string} [at]
 * @property {string} [offer]
 */

/** @typedef {{ applications: Map<string, Application>, activities: Map<string, number> }} Applications */

/** The whole log as one stream. */
export const wholeLog = {
  /** @returns {Applications} */
  initialState: () => ({ applications: new Map(), activities: new Map() }),

  /**
   * @param {Applications} state
   * @param {LoanEvent} event
   */
  evolve(state, { stream, type, at, data }) {
    let application = state.applications.get(stream);
    if (type === 'A.COMPLETE') {
      if (application === undefined) {
        application = { events: 0, work: new Map() };
        state.applications.set(stream, application);
      }
      application.status = data.activity;
      if (data.amount !== undefined) application.amount = data.amount;
    } else {
      application = known(state.applications, stream);
      if (type === 'O.COMPLETE') application.offer = data.activity;
      else application.work.set(data.activity, data.phase);
    }
    if (data.by !== undefined) application.by = data.by;
    application.at = at;
    application.events += 1;
    state.activities.set(data.activity, (state.activities.get(data.activity) ?? 0) + 1);
    return state;
  },
};

/**
 * @typedef {object} ApplicationHistory
 * @property {number} events
 * @property {Map<string, { phase: string, at: string, by?: string }>} work
 * @property {({ status: string, at: string } | { offer: string, at: string })[]} history
 * @property {string} [status]
 * @property {number} [amount]
 * @property {string} [offer]
 */

/** One stream per application. */
export const perApplication = {
  /** @returns {ApplicationHistory} */
  initialState: () => ({ events: 0, work: new Map(), history: [] }),

  /**
   * @param {ApplicationHistory} state
   * @param {LoanEvent} event
   */
  evolve(state, { type, at, data }) {
    const { activity, phase, by, amount } = data;
    if (type === 'A.COMPLETE') {
      state.status = activity;
      if (amount !== undefined) state.amount = amount;
      state.history.push({ status: activity, at });
    } else if (type === 'O.COMPLETE') {
      state.offer = activity;
      state.history.push({ offer: activity, at });
    } else if (type === 'W.SCHEDULE' || by === undefined) {
      state.work.set(activity, { phase, at });
    } else {
      state.work.set(activity, { phase, at, by });
    }
    state.events += 1;
    return state;
  },
};
