// @ts-check

/**
 * Numbers that look random and are the same in every run (Tommy Ettinger's mulberry32).
 * @param {number} seed
 */
export function randomFrom(seed) {
  let state = seed | 0;
  /** From 0 to below 1. */
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    /** @param {number} end */
    below: (end) => Math.floor(next() * end),
    /** @param {number} probability */
    chance: (probability) => next() < probability,
    /**
     * One of these, which must not be empty.
     * @template T
     * @param {readonly T[]} choices
     */
    oneOf: (choices) => /** @type {T} */ (choices[Math.floor(next() * choices.length)]),
  };
}

/** @typedef {ReturnType<typeof randomFrom>} Random */
