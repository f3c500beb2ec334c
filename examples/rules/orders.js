// @ts-check
/** What `orders.json` says, by hand: a reducer that changes its state. */
import { known } from './plain.js';

/**
 * @typedef {{ sku: string, quantity: number, amount: number }} Line
 * @typedef {object} Order
 * @property {string} customer
 * @property {string} placedAt
 * @property {'placed' | 'paid' | 'shipped'} status
 * @property {Map<number, Line>} lines
 * @property {number} total Cents.
 * @property {{ code: string, amount: number }[]} [discounts]
 * @property {string} [paidAt]
 * @property {string} [shippedAt]
 * @property {string} [tracking]
 */

export function initialState() {
  return {
    /** @type {Map<string, Order>} */
    orders: new Map(),
    open: 0,
    revenue: 0,
    counts: { placed: 0, paid: 0, shipped: 0, cancelled: 0 },
  };
}

/**
 * @param {ReturnType<typeof initialState>} state
 * @param {{ type: string, at: string, data: any }} event
 */
export function evolve(state, { type, at, data }) {
  switch (type) {
    case 'OrderPlaced':
      state.orders.set(data.order, {
        customer: data.customer,
        placedAt: at,
        status: 'placed',
        lines: new Map(),
        total: 0,
      });
      state.counts.placed += 1;
      state.open += 1;
      break;
    case 'OrderPaid': {
      const order = known(state.orders, data.order);
      order.status = 'paid';
      order.paidAt = at;
      state.revenue += data.amount;
      state.counts.paid += 1;
      break;
    }
    case 'OrderShipped': {
      const order = known(state.orders, data.order);
      order.status = 'shipped';
      order.shippedAt = at;
      if ('tracking' in data) order.tracking = data.tracking;
      state.counts.shipped += 1;
      state.open -= 1;
      break;
    }
    case 'OrderCancelled':
      known(state.orders, data.order);
      state.orders.delete(data.order);
      state.revenue -= data.refund ?? 0;
      state.counts.cancelled += 1;
      state.open -= 1;
      break;
    default:
      evolveLines(known(state.orders, data.order), type, data);
  }
  return state;
}

/**
 * @param {Order} order
 * @param {string} type
 * @param {any} data
 */
function evolveLines(order, type, data) {
  switch (type) {
    case 'LineAdded':
      order.lines.set(data.line, { sku: data.sku, quantity: data.quantity, amount: data.amount });
      order.total += data.amount;
      break;
    case 'LineChanged': {
      const line = known(order.lines, data.line);
      line.quantity = data.quantity;
      line.amount = data.amount;
      order.total += data.difference;
      break;
    }
    case 'LineRemoved':
      known(order.lines, data.line);
      order.lines.delete(data.line);
      order.total -= data.amount;
      break;
    case 'DiscountGranted':
      (order.discounts ??= []).push({ code: data.code, amount: data.amount });
      order.total -= data.amount;
      break;
    default:
      throw new Error(`${type} is not known`);
  }
}
