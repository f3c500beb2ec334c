/** A store whose values are encrypted before another store sees them. An entry of its own, `snapfold/encrypted`. */
import { functionOption, invalidOption, knownOptions, oneOf } from '../options.js';
import type { SnapshotStore, StoreOp } from '../store.js';

export interface EncryptionOptions {
  /** The ciphertext. `key` is where it will lie: give it as associated data, so that it is worth nothing anywhere else. */
  encrypt(bytes: Uint8Array, key: string): Uint8Array | PromiseLike<Uint8Array>;
  /** The plaintext. What throws, or gives nothing, reads as absent: without its key a snapshot is lost, and the log is replayed. */
  decrypt(bytes: Uint8Array, key: string): Uint8Array | null | undefined | PromiseLike<Uint8Array | null | undefined>;
  /** Bytes that a ciphertext has more than its plaintext, at most. Default 28: the nonce and tag of AES-GCM. */
  readonly overhead?: number;
  /** Whether the store below is told what a snapshot is about, for its columns. Default `'drop'`. Keys show name and stream anyway. */
  readonly meta?: 'drop' | 'keep';
}

const AES_GCM = 28;

/** Of a stream that was forgotten. It says no more than when, must not be absent for want of a secret, and a secret may be gone before it. */
const TOMBSTONE = /\/~~[0-9a-f]{64}\/t\/v0\/0{16}$/;

/**
 * `store`, with values encrypted, but for the tombstones of streams that were forgotten. Its keys stay as they are, and say the name, the
 * stream (ids over 96 bytes: their beginning and SHA-256), the version and the position of each snapshot; sizes and times show as well.
 * It offers no `newest`, so that a load names what is listed and cannot be decrypted.
 */
export function encrypted(store: SnapshotStore, options: EncryptionOptions): SnapshotStore {
  knownOptions('encrypted', options, ['encrypt', 'decrypt', 'overhead', 'meta']);
  const { overhead = AES_GCM, meta: kept = 'drop' } = options;
  functionOption('encrypt', options.encrypt);
  functionOption('decrypt', options.decrypt);
  if (!Number.isSafeInteger(overhead) || overhead < 0) throw invalidOption('overhead', overhead, 'must be a whole number of bytes');
  const keepsMeta = oneOf('meta', kept, ['drop', 'keep']) === 'keep';
  const seal = async (key: string, bytes: Uint8Array) => (TOMBSTONE.test(key) ? bytes : options.encrypt(bytes, key));
  const unseal = async (key: string, bytes: Uint8Array) => {
    if (TOMBSTONE.test(key)) return bytes;
    try {
      return (await options.decrypt(bytes, key)) ?? undefined;
    } catch {
      return undefined;
    }
  };
  const inner = store as Required<SnapshotStore>;
  return {
    ...(store.listing === undefined ? {} : { listing: store.listing }),
    ...(store.maxValueBytes === undefined ? {} : { maxValueBytes: store.maxValueBytes - overhead }),
    list: (prefix, options) => store.list(prefix, options),
    delete: (keys, options) => store.delete(keys, options),
    async get(key, options) {
      const bytes = await store.get(key, options);
      return bytes ? unseal(key, bytes) : undefined;
    },
    async put(key, bytes, meta, options) {
      await store.put(key, await seal(key, bytes), keepsMeta ? meta : undefined, options);
    },
    ...(store.putIfAbsent && {
      async putIfAbsent(key, bytes, meta, options) {
        return inner.putIfAbsent(key, await seal(key, bytes), keepsMeta ? meta : undefined, options);
      },
    }),
    ...(store.transact && {
      async transact(ops, options) {
        const sealed = ops.map(async (op): Promise<StoreOp> => {
          if (op.op !== 'put') return op;
          const { meta, ...rest } = op;
          return { ...rest, bytes: await seal(op.key, op.bytes), ...(keepsMeta && meta !== undefined ? { meta } : {}) };
        });
        await inner.transact(await Promise.all(sealed), options);
      },
    }),
  } satisfies SnapshotStore as SnapshotStore;
}
