/** Why a value cannot be encoded, and the path to it, gathered while the encoder unwinds: the happy path pays nothing. */
import { SnapshotError, type ErrorCode } from '../error.js';

/** A longer path keeps its ends; what is left out is an ellipsis. */
const PATH_HEAD = 8;
const PATH_TAIL = 4;
const LONGEST_NAME = 40;

export class Refusal {
  /** Innermost first. */
  private readonly steps: string[] = [];

  constructor(
    private readonly message: string,
    private readonly code: ErrorCode = 'unencodable',
    private readonly cause?: unknown,
  ) {}

  /** The refusal inside an unwinding error: itself, or one for what a proxy or the runtime threw. */
  static from(error: unknown): Refusal {
    if (error instanceof Refusal) return error;
    return new Refusal('cannot encode this: reading it failed', 'unencodable', error);
  }

  /** The same refusal, seen from the container one step further out. */
  within(step: string): this {
    this.steps.push(step);
    return this;
  }

  at(root: string): SnapshotError {
    const steps = this.steps.reverse();
    if (steps.length > PATH_HEAD + PATH_TAIL) steps.splice(PATH_HEAD, steps.length - PATH_HEAD - PATH_TAIL, '…');
    const path = root + steps.join('');
    return new SnapshotError(this.code, this.message, this.cause === undefined ? { path } : { path, cause: this.cause });
  }
}

/** The step to a property: `.price`, `["a b"]`. */
export function member(key: string): string {
  return IDENTIFIER.test(key) ? `.${shortened(key)}` : `[${JSON.stringify(shortened(key))}]`;
}

/** The step to an element of an array: `[3]`. */
export function element(index: number): string {
  return `[${index}]`;
}

/** The step to a Map's value: `.get("k")`, or `.values()[3]` where the key has no short name. */
export function mapValue(key: unknown, index: number): string {
  switch (typeof key) {
    case 'string':
      return `.get(${JSON.stringify(shortened(key))})`;
    case 'bigint':
      return `.get(${shortened(`${key}`)}n)`;
    case 'number':
    case 'boolean':
      return `.get(${key})`;
    default:
      return `.values()[${index}]`;
  }
}

const IDENTIFIER = /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u;

function shortened(name: string): string {
  return name.length > LONGEST_NAME ? `${name.slice(0, LONGEST_NAME)}…` : name;
}
