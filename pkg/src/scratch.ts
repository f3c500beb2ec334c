/**
 * Payloads of any length through the core's two fixed buffers, piece by piece, so that its memory does not grow with them. The twin of
 * src/bindings/scratch.rs.
 */
import type { Core } from './core.js';

/** The core's memory; growing it gives it another `buffer`. */
export interface CoreMemory {
  readonly buffer: ArrayBuffer;
}

export class Scratch {
  readonly #core: InstanceType<Core['Scratch']>;
  readonly #memory: CoreMemory;
  readonly #input: number;
  readonly #inputBytes: number;
  readonly #output: number;
  readonly #blockBytes: number;

  constructor(core: Core, memory: CoreMemory) {
    this.#core = new core.Scratch();
    this.#memory = memory;
    const [input = 0, inputBytes = 0, output = 0, blockBytes = 0] = this.#core.layout;
    this.#input = input;
    this.#inputBytes = inputBytes;
    this.#output = output;
    this.#blockBytes = blockBytes;
  }

  sha256(bytes: Uint8Array): Uint8Array {
    for (let at = 0; at < bytes.length; at += this.#inputBytes) {
      this.#core.update(this.#fill(bytes.subarray(at, at + this.#inputBytes)));
    }
    return this.#core.finish();
  }

  /** The payload as an LZ4 frame; undefined if that does not pay. */
  compress(payload: Uint8Array): Uint8Array | undefined {
    if (!this.#core.beginCompressing(payload.length)) return undefined;
    const stored = new Uint8Array(payload.length);
    let length = 0;
    for (let at = 0; at < payload.length; at += this.#blockBytes) {
      const made = this.#core.compress(this.#fill(payload.subarray(at, at + this.#blockBytes)));
      if (made === undefined) return undefined;
      stored.set(this.#made(made), length);
      length += made;
    }
    return stored.subarray(0, length);
  }

  /** The payload of `bytes` bytes in an LZ4 frame, or the core's error if there is no such payload in it. */
  expand(stored: Uint8Array, bytes: number): { payload: Uint8Array; ended: Uint8Array } {
    const payload = new Uint8Array(bytes);
    let from = 0;
    let to = 0;
    this.#core.beginExpanding(bytes);
    while (from < stored.length) {
      const made = this.#core.expand(this.#fill(stored.subarray(from, from + this.#blockAt(stored, from))));
      if (made === undefined) break;
      payload.set(this.#made(made), to);
      from += this.#core.taken;
      to += made;
    }
    return { payload, ended: this.#core.endExpanding() };
  }

  /** How much the core needs to see of an LZ4 frame from `at` on: a block says how long it is. */
  #blockAt(stored: Uint8Array, at: number): number {
    const [a = 0, b = 0, c = 0] = stored.subarray(at, at + 3);
    return Math.min(4 + (a | (b << 8) | (c << 16)), this.#inputBytes);
  }

  #fill(piece: Uint8Array): number {
    new Uint8Array(this.#memory.buffer, this.#input, piece.length).set(piece);
    return piece.length;
  }

  #made(length: number): Uint8Array {
    return new Uint8Array(this.#memory.buffer, this.#output, length);
  }
}
