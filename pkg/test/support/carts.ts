/** The streams of these tests: carts whose state holds what JSON loses. */
import assert from 'node:assert/strict';
import {
  defineSnapshots,
  encode,
  everyEvents,
  type Definition,
  type DefinitionOptions,
  type Handle,
  type OpenOptions,
  type Outcome,
  type Position,
  type Repository,
} from 'snapfold';

export interface Cart {
  readonly lines: ReadonlyMap<string, number>;
  readonly total: bigint;
}

export interface CartEvent {
  readonly type: 'added' | 'closed';
  readonly sku: string;
  readonly price: number;
}

export type CartOptions = DefinitionOptions<Cart, CartEvent, 'number'>;
export type CartHandle = Handle<Cart, number>;
export type CartRepository = Repository<Cart, CartEvent, number>;

export const initialState = (): Cart => ({ lines: new Map(), total: 0n });

export const evolve = ({ lines, total }: Cart, { sku, price }: CartEvent): Cart => ({
  lines: new Map(lines).set(sku, (lines.get(sku) ?? 0) + 1),
  total: total + BigInt(price),
});

/** The definition of these tests: a snapshot every 3 events, a clock that stands still. */
export function carts(options: Partial<CartOptions> = {}): Definition<Cart, CartEvent, number> {
  return defineSnapshots<Cart, CartEvent>({
    name: 'cart',
    version: 1,
    initialState,
    evolve,
    policy: everyEvents(3),
    clock: () => 1_700_000_000_000,
    ...options,
  });
}

/** Opened, and silent unless `observe` is given. */
export function open(options: OpenOptions<CartEvent, number>, definition: Partial<CartOptions> = {}): Promise<CartRepository> {
  return carts(definition).open({ observe: () => {}, ...options });
}

export function event(sku: string, price = 1): CartEvent {
  return { type: 'added', sku, price };
}

/** That many events, each one different. */
export function events(count: number, from = 1): CartEvent[] {
  return Array.from({ length: count }, (_, index) => event(`sku-${(from + index) % 5}`, from + index));
}

/** What folding by hand gives. */
export function folded(list: readonly CartEvent[]): Cart {
  return list.reduce(evolve, initialState());
}

/** Equal down to the bytes: order and types count. */
export function assertState(actual: unknown, expected: unknown): void {
  assert.equal(Buffer.from(encode(actual)).toString('hex'), Buffer.from(encode(expected)).toString('hex'));
}

/** The outcome, which must be `taken`. */
export function taken<State, P extends Position>(outcome: Outcome<State, P>): Extract<Outcome<State, P>, { status: 'taken' }> {
  assert.equal(outcome.status, 'taken', outcome.reason);
  return outcome as Extract<Outcome<State, P>, { status: 'taken' }>;
}

/** The outcome, which must be `failed`. */
export function failed<State, P extends Position>(outcome: Outcome<State, P>): Extract<Outcome<State, P>, { status: 'failed' }> {
  assert.equal(outcome.status, 'failed', outcome.reason);
  return outcome as Extract<Outcome<State, P>, { status: 'failed' }>;
}

/** The outcome, which must be `skipped` for that reason. */
export function assertSkipped(outcome: Outcome<unknown, Position>, code: string): void {
  assert.equal(outcome.status, 'skipped', outcome.reason);
  assert.equal((outcome as { code?: string }).code, code, outcome.reason);
}
