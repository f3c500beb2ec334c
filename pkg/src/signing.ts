/** Keys that sign frames. */
import { invalidOption, knownOptions, nonEmptyText } from './options.js';
import { isBytes } from './value/bytes.js';

/**
 * A secret with the name by which frames refer to it. Where several are given, the first one signs and each of them verifies: that is how
 * keys are rotated.
 */
export interface SigningKey {
  /** Stands in the frame, readable for everybody. */
  readonly id: string;
  /** At least 16 random bytes; 32 are best. */
  readonly secret: Uint8Array;
}

const LEAST_BYTES = 16;

/** The keys of an option, with copies of their secrets; none if it is left out. An empty list would sign nothing unnoticed. */
export function signingKeys(option: string, keys: readonly SigningKey[] | undefined): readonly SigningKey[] {
  if (keys === undefined) return [];
  if (!Array.isArray(keys) || keys.length === 0) {
    throw invalidOption(option, keys, 'must be an array of at least one key; leave it out for none');
  }
  const parsed = keys.map((key: SigningKey, index) => signingKey(`${option}[${index}]`, key));
  const ids = parsed.map(({ id }) => id);
  const twice = ids.findIndex((id, index) => ids.indexOf(id) !== index);
  if (twice !== -1) throw invalidOption(`${option}[${twice}].id`, ids[twice], 'must be another id than that of the keys before');
  return parsed;
}

function signingKey(option: string, key: SigningKey): SigningKey {
  knownOptions(option, key, ['id', 'secret']);
  const { id, secret } = key;
  // What was found is named by its kind: no part of a secret may end up in a message.
  if (!isBytes(secret)) throw invalidOption(`${option}.secret`, typeof secret, 'must be a Uint8Array');
  if (secret.length < LEAST_BYTES) throw invalidOption(`${option}.secret`, secret.length, `must have at least ${LEAST_BYTES} bytes`);
  return { id: nonEmptyText(`${option}.id`, id), secret: new Uint8Array(secret) };
}
