// @ts-check
/** A generated log: 120 shops, some busy and most not, take, ship and cancel orders for a year and close their books each month. */

const EVENTS = 50_000;
const SHOPS = 120;
const CUSTOMERS = 40;
const START = Date.UTC(2024, 0, 1);
const YEAR = 366 * 864e5;

/** @typedef {import('./definitions.js').OrderEvent} OrderEvent */
/** @typedef {{ name: string, open: { order: string, next: 'paid' | 'shipped' | 'delivered' }[], month: string }} ShopState */

/** The same events each time: the generator has a seed, and its clock is made of event numbers. */
export async function* orderEvents() {
  const random = mulberry32(42);
  const shops = Array.from({ length: SHOPS }, (_, index) => shop(index + 1));
  for (let n = 0; n < EVENTS; n += 1) {
    const at = new Date(START + Math.floor((n / EVENTS) * YEAR)).toISOString();
    // Squaring twice: the first shops get most of the orders.
    const chosen = /** @type {ShopState} */ (shops[Math.floor(random() ** 4 * SHOPS)]);
    const event = nextEvent(chosen, n, at, random);
    yield { stream: chosen.name, id: `order-event-${n + 1}`, type: event.type, at, event };
  }
}

/**
 * @param {number} number
 * @returns {ShopState}
 */
function shop(number) {
  return { name: `shop ${String(number).padStart(3, '0')}`, open: [], month: '2024-01' };
}

/**
 * @param {ShopState} shop
 * @param {number} n
 * @param {string} at
 * @param {() => number} random
 * @returns {OrderEvent}
 */
function nextEvent(shop, n, at, random) {
  const month = at.slice(0, 7);
  if (month !== shop.month) {
    const closed = shop.month;
    shop.month = month;
    return { type: 'booksClosed', month: closed, at };
  }
  if (shop.open.length === 0 || random() < 0.26) {
    const order = `${n + 1}`.padStart(6, '0');
    shop.open.push({ order, next: 'paid' });
    return { type: 'placed', order, customer: Math.floor(random() * CUSTOMERS), cents: 100 + Math.floor(random() ** 3 * 100_000), at };
  }
  const index = Math.floor(random() * shop.open.length);
  const entry = /** @type {ShopState['open'][number]} */ (shop.open[index]);
  const type = entry.next === 'paid' && random() < 0.1 ? 'cancelled' : entry.next;
  if (type === 'cancelled' || type === 'delivered') shop.open.splice(index, 1);
  else entry.next = type === 'paid' ? 'shipped' : 'delivered';
  return { type, order: entry.order, at };
}

/**
 * A small generator of numbers from 0 to below 1 (Tommy Ettinger's mulberry32).
 * @param {number} seed
 */
function mulberry32(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
