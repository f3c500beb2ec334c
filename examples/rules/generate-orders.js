// @ts-check
/** A log of orders as `orders.json` reads it: about ten events an order, some hundreds of orders open at a time. */
import { randomFrom } from './random.js';

const START = Date.UTC(2025, 0, 1);
const OPEN = 400;

/**
 * @typedef {object} Order
 * @property {string} id
 * @property {boolean} paid
 * @property {number} total
 * @property {number} nextLine
 * @property {number} wanted How many lines there will be before it is paid.
 * @property {{ line: number, quantity: number, price: number }[]} lines
 */

/** @typedef {[type: string, data: Record<string, unknown>]} Fact */

/**
 * @param {object} options
 * @param {number} options.events
 * @param {number} [options.seed]
 */
export function* orderEvents({ events, seed = 1 }) {
  const random = randomFrom(seed);
  /** @type {Order[]} */
  const open = [];
  let orders = 0;
  let time = START;
  for (let position = 1; position <= events; position += 1) {
    time += 200 + random.below(5_000);
    let fact;
    if (open.length === 0 || (open.length < OPEN && random.chance(0.2))) {
      orders += 1;
      const id = `o-${orders}`;
      open.push({ id, paid: false, total: 0, nextLine: 1, wanted: 1 + random.below(10), lines: [] });
      fact = ['OrderPlaced', { order: id, customer: `c-${random.below(20_000)}` }];
    } else {
      fact = next(open, random);
    }
    yield { position, id: `e-${position}`, type: fact[0], at: new Date(time).toISOString(), data: fact[1] };
  }
}

/**
 * What happens next to one of the open orders.
 * @param {Order[]} open
 * @param {import('./random.js').Random} random
 * @returns {Fact}
 */
function next(open, random) {
  const index = random.below(open.length);
  const order = /** @type {Order} */ (open[index]);
  if (random.chance(0.005)) {
    close(open, index);
    const refund = order.paid ? { refund: order.total } : {};
    return ['OrderCancelled', { order: order.id, reason: random.oneOf(['changed mind', 'out of stock', 'fraud']), ...refund }];
  }
  if (order.paid) {
    close(open, index);
    const tracking = random.chance(0.8) ? { tracking: `T${random.below(1e9)}` } : {};
    return ['OrderShipped', { order: order.id, ...tracking }];
  }
  if (order.nextLine > order.wanted) {
    if (order.total >= 2_000 && random.chance(0.1)) return discount(order, random);
    order.paid = true;
    return ['OrderPaid', { order: order.id, amount: order.total, method: random.oneOf(['card', 'transfer', 'invoice']) }];
  }
  const change = order.lines.length > 1 && random.chance(0.2);
  if (!change) return addLine(order, random);
  return random.chance(0.6) ? changeLine(order, random) : removeLine(order, random);
}

/**
 * The order of open orders says nothing, so the last one takes the place.
 * @param {Order[]} open
 * @param {number} index
 */
function close(open, index) {
  const last = /** @type {Order} */ (open.pop());
  if (index < open.length) open[index] = last;
}

/** @type {(order: Order, random: import('./random.js').Random) => Fact} */
function addLine(order, random) {
  const line = order.nextLine;
  const quantity = 1 + random.below(4);
  const price = 99 + random.below(9_900);
  order.nextLine += 1;
  order.lines.push({ line, quantity, price });
  order.total += quantity * price;
  return ['LineAdded', { order: order.id, line, sku: `sku-${random.below(5_000)}`, quantity, amount: quantity * price }];
}

/** @type {(order: Order, random: import('./random.js').Random) => Fact} */
function changeLine(order, random) {
  const line = random.oneOf(order.lines);
  const quantity = line.quantity === 1 || random.chance(0.5) ? line.quantity + 1 : line.quantity - 1;
  const difference = (quantity - line.quantity) * line.price;
  line.quantity = quantity;
  order.total += difference;
  return ['LineChanged', { order: order.id, line: line.line, quantity, amount: quantity * line.price, difference }];
}

/** @type {(order: Order, random: import('./random.js').Random) => Fact} */
function removeLine(order, random) {
  const index = random.below(order.lines.length);
  const [line] = /** @type {Order['lines']} */ (order.lines.splice(index, 1));
  const amount = line === undefined ? 0 : line.quantity * line.price;
  order.total -= amount;
  return ['LineRemoved', { order: order.id, line: line?.line, amount }];
}

/** @type {(order: Order, random: import('./random.js').Random) => Fact} */
function discount(order, random) {
  const amount = Math.floor((order.total * (5 + random.below(11))) / 100);
  order.total -= amount;
  return ['DiscountGranted', { order: order.id, code: random.oneOf(['SPRING', 'LOYAL', 'SORRY']), amount }];
}
