/** A shopping cart as a decider of Emmett; nothing in here knows of snapshots. */
import { IllegalStateError, type Command, type Decider, type Event } from '@event-driven-io/emmett';

export type CartEvent =
  | Event<'ItemAdded', { sku: string; quantity: number }>
  | Event<'ItemRemoved', { sku: string; quantity: number }>
  | Event<'Confirmed', { at: string }>;

export type CartCommand =
  | Command<'AddItem', { sku: string; quantity: number }>
  | Command<'RemoveItem', { sku: string; quantity: number }>
  | Command<'Confirm', { now: string }>;

export interface Cart {
  readonly items: ReadonlyMap<string, number>;
  readonly confirmedAt?: string;
}

export const cart: Decider<Cart, CartCommand, CartEvent> = {
  initialState: () => ({ items: new Map() }),
  evolve(state, { type, data }) {
    switch (type) {
      case 'ItemAdded':
        return withQuantity(state, data.sku, quantityOf(state, data.sku) + data.quantity);
      case 'ItemRemoved':
        return withQuantity(state, data.sku, quantityOf(state, data.sku) - data.quantity);
      case 'Confirmed':
        return { ...state, confirmedAt: data.at };
    }
  },
  decide({ type, data }, state) {
    if (state.confirmedAt !== undefined) throw new IllegalStateError('the cart is confirmed');
    switch (type) {
      case 'AddItem':
        return { type: 'ItemAdded', data };
      case 'RemoveItem':
        if (quantityOf(state, data.sku) < data.quantity) throw new IllegalStateError(`there are not ${data.quantity} of ${data.sku}`);
        return { type: 'ItemRemoved', data };
      case 'Confirm':
        return { type: 'Confirmed', data: { at: data.now } };
    }
  },
};

function quantityOf({ items }: Cart, sku: string): number {
  return items.get(sku) ?? 0;
}

function withQuantity(state: Cart, sku: string, quantity: number): Cart {
  const items = new Map(state.items).set(sku, quantity);
  if (quantity === 0) items.delete(sku);
  return { ...state, items };
}
