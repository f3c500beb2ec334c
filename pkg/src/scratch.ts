/**
 * Payloads of any length through the core's two fixed buffers, piece by piece, so that its memory does not grow with them. The twin of
 * src/bindings/scratch.rs.
 */
/** The core's memory; growing it gives it another `buffer`. */
export interface CoreMemory {
  readonly buffer: ArrayBuffer;
}

// What the core can do with its buffers; the twin of `step` in src/bindings/scratch.rs, where each step is described.
const INPUT = 0;
const INPUT_BYTES = 1;
const OUTPUT = 2;
const UPDATE = 3;
const FINISH = 4;
const BEGIN_EXPANDING = 5;
const EXPAND = 6;
const TAKEN = 7;
const END_EXPANDING = 8;

export class Scratch {
  readonly #take: (step: number, bytes: number) => number;
  readonly #memory: CoreMemory;
  readonly #input: number;
  readonly #inputBytes: number;
  readonly #output: number;

  constructor(take: (step: number, bytes: number) => number, memory: CoreMemory) {
    this.#take = take;
    this.#memory = memory;
    this.#input = this.#step(INPUT);
    this.#inputBytes = this.#step(INPUT_BYTES);
    this.#output = this.#step(OUTPUT);
  }

  sha256(bytes: Uint8Array): Uint8Array {
    for (let at = 0; at < bytes.length; at += this.#inputBytes) {
      this.#step(UPDATE, this.#fill(bytes.subarray(at, at + this.#inputBytes)));
    }
    return this.#made(this.#step(FINISH)).slice();
  }

  /** Fills `payload` with what an LZ4 frame holds; the core's error if there is no such payload in it. */
  expand(stored: Uint8Array, payload: Uint8Array): Uint8Array {
    let from = 0;
    let to = 0;
    this.#step(BEGIN_EXPANDING, payload.length);
    while (from < stored.length) {
      const made = this.#step(EXPAND, this.#fill(stored.subarray(from, from + this.#blockAt(stored, from))));
      if (Number.isNaN(made)) break;
      payload.set(this.#made(made), to);
      from += this.#step(TAKEN);
      to += made;
    }
    return this.#made(this.#step(END_EXPANDING)).slice();
  }

  /** How much the core needs to see of an LZ4 frame from `at` on: a block says how long it is. */
  #blockAt(stored: Uint8Array, at: number): number {
    const [a = 0, b = 0, c = 0] = stored.subarray(at, at + 3);
    return Math.min(4 + (a | (b << 8) | (c << 16)), this.#inputBytes);
  }

  #step(step: number, bytes = 0): number {
    return this.#take(step, bytes);
  }

  #fill(piece: Uint8Array): number {
    new Uint8Array(this.#memory.buffer, this.#input, piece.length).set(piece);
    return piece.length;
  }

  #made(length: number): Uint8Array {
    return new Uint8Array(this.#memory.buffer, this.#output, length);
  }
}
