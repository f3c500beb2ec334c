/** Carts with snapshots, on whatever event store and snapshot store there is. */
import { DeciderCommandHandler, type EventStore } from '@event-driven-io/emmett';
import { defineSnapshots, everyEvents, type OpenOptions } from 'snapfold';
import { cart, type Cart, type CartEvent } from './shopping-cart.js';
import { eventsOf, withSnapshots } from './with-snapshots.js';

const snapshots = defineSnapshots<Cart, CartEvent>({
  name: 'cart',
  version: 1, // raise it whenever `evolve` changes meaning
  initialState: cart.initialState,
  evolve: cart.evolve,
  positions: 'bigint',
  policy: everyEvents(20),
});

/** Carries out commands on a store with snapshots, and on one without. */
export const handleCart = DeciderCommandHandler({ ...cart, retry: { onVersionConflict: 5 } });

export async function withCartSnapshots<Store extends EventStore>(
  eventStore: Store,
  options: Pick<OpenOptions<CartEvent, bigint>, 'store' | 'observe'>,
): Promise<Store> {
  const repo = await snapshots.open({ ...options, events: eventsOf<CartEvent>(eventStore) });
  return withSnapshots(eventStore, repo, cart);
}
