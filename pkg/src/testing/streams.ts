/**
 * Keys that stores meet, by the ids they are made of; docs/format.md §3. They stand here in full, so that the suite runs wherever a store
 * does, also where the package's core does not.
 */

/** Ids of streams, and the prefixes of their snapshots of version 3 of the definition `cart`. */
export const STREAMS: readonly (readonly [id: string, prefix: string])[] = [
  ['cart-4', 'cart/cart-4/s/v3/'],
  ['cart-42', 'cart/cart-42/s/v3/'],
  ['cart-4/2', 'cart/cart-4~2f2/s/v3/'],
  ['../cart', 'cart/~2e.~2fcart/s/v3/'],
  ['.', 'cart/~2e/s/v3/'],
  ['Cart-4', 'cart/~43art-4/s/v3/'],
  ['cART-4', 'cart/c~41~52~54-4/s/v3/'],
  ['🛒', 'cart/~f0~9f~9b~92/s/v3/'],
  ['日本語', 'cart/~e6~97~a5~e6~9c~ac~e8~aa~9e/s/v3/'],
  ['con', 'cart/con/s/v3/'],
  ['~2f', 'cart/~7e2f/s/v3/'],
  ['a b%c?', 'cart/a~20b~25c~3f/s/v3/'],
  ['a'.repeat(10_240), 'cart/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa~~7ffe4ce6d10a40a0c0343b1932b4c5636c4a9914f7ad186c09a37dccc5a9a24a/s/v3/'],
  [`${'a'.repeat(10_239)}b`, 'cart/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa~~245b5b96b6f9d941b89b7fec460e7044c5b5ba212f7e6681c4a65b146ee5d92b/s/v3/'],
];

/** The prefix of the stream that most checks are about. */
export const SLOT = 'cart/cart-4/s/v3/';

/** The key of a snapshot under such a prefix: positions are inverted, so that the newest comes first. */
export function snapshotKey(prefix: string, position: number): string {
  return prefix + (2n ** 64n - 1n - BigInt(position)).toString(16).padStart(16, '0');
}
