// @ts-check
/** One process of many: carries out commands on all carts, with cached handles, and takes the snapshots that are due. */
import { append, migrate, openCarts } from './carts.js';
import { pg } from './snapfold.js';

const [service, streams, commands] = process.argv.slice(2).map(Number);

const pool = new pg.Pool({ max: 2 });
await migrate(pool);
const repo = await openCarts(pool);

/** @type {Map<string, Awaited<ReturnType<typeof repo.load>>>} */
const handles = new Map();
let [conflicts, taken] = [0, 0];

for (let command = 0; command < commands; command += 1) {
  const stream = `cart-${(command + service) % streams}`;
  const event = { sku: `sku-${service}-${command % 3}`, quantity: 1 };
  for (;;) {
    const known = handles.get(stream);
    const cart = known === undefined ? await repo.load(stream) : await repo.refresh(known);
    const position = (cart.position ?? 0) + 1;
    if (await append(pool, stream, position, event)) {
      const outcome = await repo.maybeSnapshot(repo.apply(cart, [event], { through: position }));
      handles.set(stream, outcome.handle);
      if (outcome.status === 'taken') taken += 1;
      break;
    }
    conflicts += 1;
    handles.set(stream, cart);
  }
}
await pool.end();
console.log(JSON.stringify({ commands, conflicts, taken }));
