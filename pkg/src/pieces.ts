/** Events into the plain module, piece by piece through one buffer, so that its memory does not grow with them. */
import type { ErrorCode, ErrorPlace } from './error.js';
import { borrow, errorOf, giveBack, numberOf, plainModule, SMALL, type Lent } from './plain-module.js';
import { isBytes } from './value/bytes.js';

/** How events are written; the numbers of `snapfold_fold_push`. */
export const enum Format {
  JsonLines,
  Cbor,
  Rows,
}

/** A session of the module. */
export interface Session {
  readonly number: number;
  /** How many of the last events a later one may yet change. */
  unsettled: number;
}

/** Why an event was not folded in. All before it are. */
export interface Refusal {
  readonly code: ErrorCode;
  readonly message: string;
  readonly place: ErrorPlace;
}

/** Bytes of a piece; an event that is longer makes a longer one. Larger ones leave the processor's cache before they are scanned: 5 % slower. */
const PIECE = SMALL;

const LINE_END = 0x0a;

const encoder = new TextEncoder();

/** Items of a CBOR sequence, as many at once as fit into a piece; a refusal among them comes after those before it. */
export function push(session: Session, items: Iterable<Uint8Array | Refusal>, format: Format): Refusal | undefined {
  return through(session, format, (pipe) => {
    let offset = 0;
    let filled = 0;
    const flush = () => {
      const refused = filled === 0 ? undefined : pipe.send(filled, offset);
      offset += filled;
      filled = 0;
      return refused;
    };
    for (const item of items) {
      if (!isBytes(item)) return flush() ?? item;
      const refused = filled + item.length > PIECE ? flush() : undefined;
      if (refused !== undefined) return refused;
      pipe.room(filled + item.length).set(item, filled);
      filled += item.length;
    }
    return flush();
  });
}

/** What the module answers to all events of a stream at once; undefined if they are not few, or have no UTF-8. */
export function foldAtOnce(fold: number, lines: Uint8Array | string): bigint | undefined {
  const isText = typeof lines === 'string';
  if ((isText ? 3 * lines.length : lines.length) > SMALL || (isText && !lines.isWellFormed())) return undefined;
  const lent = borrow(SMALL);
  try {
    if (!isText) lent.bytes.set(lines);
    const length = isText ? encoder.encodeInto(lines, lent.bytes).written : lines.length;
    return plainModule.snapfold_fold_all(fold, lent.address, length, Format.JsonLines);
  } finally {
    giveBack(lent);
  }
}

/** JSON Lines in UTF-8. */
export function pushLines(session: Session, lines: Uint8Array): Refusal | undefined {
  return through(session, Format.JsonLines, (pipe) => {
    let refused: Refusal | undefined;
    for (let at = 0; at < lines.length && refused === undefined; ) {
      const last = Math.max(lines.lastIndexOf(LINE_END, at + PIECE - 1), at - 1);
      const next = last < at ? lines.indexOf(LINE_END, at + PIECE) : last;
      const piece = lines.subarray(at, next === -1 || at + PIECE >= lines.length ? lines.length : next + 1);
      pipe.room(piece.length).set(piece);
      refused = pipe.send(piece.length, at);
      at += piece.length;
    }
    return refused;
  });
}

/** JSON Lines as text, encoded into the module's own memory. Offsets of errors are those of its UTF-8. */
export function pushText(session: Session, lines: string): Refusal | undefined {
  const wrong = loneSurrogate(lines);
  if (wrong === undefined) return pushSound(session, lines);
  return pushSound(session, lines.slice(0, lines.lastIndexOf('\n', wrong.at) + 1)) ?? wrong.refusal;
}

/** Where a text has no UTF-8; undefined if it has it everywhere. */
export function loneSurrogate(text: string): { readonly at: number; readonly refusal: Refusal } | undefined {
  if (text.isWellFormed()) return undefined;
  const at = text.search(/\p{Surrogate}/u);
  const offset = encoder.encode(text.slice(0, at)).length;
  return { at, refusal: { code: 'malformed', message: 'a lone surrogate has no UTF-8; write it as an escape (\\ud800)', place: { offset } } };
}

function pushSound(session: Session, lines: string): Refusal | undefined {
  const most = Math.floor(PIECE / 3); // no character takes more than three bytes
  return through(session, Format.JsonLines, (pipe) => {
    let refused: Refusal | undefined;
    let offset = 0;
    for (let at = 0; at < lines.length && refused === undefined; ) {
      const last = Math.max(lines.lastIndexOf('\n', at + most - 1), at - 1);
      const next = last < at ? lines.indexOf('\n', at + most) : last;
      const piece = lines.slice(at, next === -1 || at + most >= lines.length ? lines.length : next + 1);
      const { written } = encoder.encodeInto(piece, pipe.room(3 * piece.length));
      refused = pipe.send(written, offset);
      at += piece.length;
      offset += written;
    }
    return refused;
  });
}

function through<T>(session: Session, format: Format, work: (pipe: Pipe) => T): T {
  const pipe = new Pipe(session, format);
  try {
    return work(pipe);
  } finally {
    pipe.free();
  }
}

class Pipe {
  readonly #session: Session;
  readonly #format: Format;
  #lent: Lent | undefined;

  constructor(session: Session, format: Format) {
    this.#session = session;
    this.#format = format;
  }

  /** At least `length` bytes of the module's memory; what lay in them stays there. */
  room(length: number): Uint8Array {
    if (this.#lent === undefined || this.#lent.length < length) {
      const longer = borrow(length);
      if (this.#lent !== undefined) longer.bytes.set(this.#lent.bytes);
      this.free();
      this.#lent = longer;
    }
    return this.#lent.bytes;
  }

  /** Folds in what lies in the first `length` bytes, which stand at `offset` of the input. Of rows the offset of an error is that in the event. */
  send(length: number, offset: number): Refusal | undefined {
    const { address } = this.#lent as Lent;
    const answer = plainModule.snapfold_fold_push(this.#session.number, address, length, this.#format);
    const error = errorOf(answer);
    if (error === undefined) {
      this.#session.unsettled = numberOf(answer);
      return undefined;
    }
    const { code, message, ...place } = error;
    if (place.offset === undefined || this.#format === Format.Rows) return { code, message, place };
    return { code, message, place: { ...place, offset: offset + place.offset } };
  }

  free(): void {
    if (this.#lent !== undefined) giveBack(this.#lent);
    this.#lent = undefined;
  }
}
