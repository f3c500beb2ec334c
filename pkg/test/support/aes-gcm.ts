/** Encryption as docs/stores.md shows it. */
import type { webcrypto } from 'node:crypto';

export function aesGcm(secret: webcrypto.CryptoKey) {
  const bytesOf = (key: string) => new TextEncoder().encode(key);
  return {
    async encrypt(bytes: Uint8Array, key: string): Promise<Uint8Array> {
      const iv = crypto.getRandomValues(new Uint8Array(12));
      const algorithm = { name: 'AES-GCM', iv, additionalData: bytesOf(key) };
      const sealed = await crypto.subtle.encrypt(algorithm, secret, bytes as Uint8Array<ArrayBuffer>);
      return Buffer.concat([iv, new Uint8Array(sealed)]);
    },
    async decrypt(bytes: Uint8Array, key: string): Promise<Uint8Array> {
      const algorithm = { name: 'AES-GCM', iv: bytes.slice(0, 12), additionalData: bytesOf(key) };
      return new Uint8Array(await crypto.subtle.decrypt(algorithm, secret, bytes.slice(12)));
    },
  };
}

export function newSecret(): Promise<webcrypto.CryptoKey> {
  return crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt']);
}
