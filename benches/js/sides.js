/**
 * What is compared: every side seals a state to what a store would keep, and opens that again.
 *
 * Sealing ends with bytes and their SHA-256, opening checks the SHA-256 and then decodes; only sides that say otherwise differ.
 * All use the runtime's own SHA-256 in its quickest form.
 */
import * as crypto from 'node:crypto';
import { createRequire } from 'node:module';
import * as v8 from 'node:v8';
import { open, seal } from '../../pkg/dist/node.js';

const HEADER = {
  name: 'bench',
  version: 1,
  streamId: 'stream-1',
  position: 1000,
  eventCount: 1000,
  takenAt: 1_700_000_000_000,
};

export const OURS = {
  name: 'snapfold',
  about: 'seal and open of the package: canonical CBOR, header, two digests; one frame',
  seal: (state) => seal(HEADER, state),
  open: (frame) => open(frame).state,
  bytes: (frame) => frame.length,
};

const utf8 = new TextEncoder();
const fromUtf8 = new TextDecoder();

export const JSON_SIDES = [
  hashed('JSON', 'JSON.stringify and Buffer.from; Buffer.toString and JSON.parse', {
    encode: (state) => Buffer.from(JSON.stringify(state)),
    decode: (bytes) => JSON.parse(bytes.toString()),
  }),
  hashed('JSON, TextEncoder', 'the same with TextEncoder and TextDecoder', {
    encode: (state) => utf8.encode(JSON.stringify(state)),
    decode: (bytes) => JSON.parse(fromUtf8.decode(bytes)),
  }),
  {
    name: 'JSON, text',
    about: 'JSON.stringify and JSON.parse of a string that is hashed as it is: no bytes, the store must take text',
    seal: (state) => {
      const text = JSON.stringify(state);
      return { text, digest: sha256(text) };
    },
    open: ({ text, digest }) => {
      check(text, digest);
      return JSON.parse(text);
    },
    bytes: ({ text }) => Buffer.byteLength(text),
  },
];

/** The peers that come from npm and from Rust. `swb` is the module made from benches/swb. */
export async function peers(swb) {
  const [{ default: canonicalize }, { configure }, { Encoder }, { Packr }] = await Promise.all([
    import('canonicalize'),
    import('safe-stable-stringify'),
    import('cbor-x'),
    import('msgpackr'),
  ]);
  // Told that there are no cycles to describe and no bigints: its quickest form that still sorts keys.
  const stable = configure({ circularValue: Error, bigint: false });
  const cbor = (useRecords) => new Encoder({ useRecords, variableMapSize: true });
  const msgpack = (useRecords) => new Packr({ useRecords, variableMapSize: true });
  const { encode, decode } = createRequire(import.meta.url)(swb);
  return [
    hashed('canonicalize', 'RFC 8785 text of the package, Buffer.from', {
      encode: (state) => Buffer.from(canonicalize(state)),
    }),
    hashed('safe-stable-stringify', 'text with sorted keys, Buffer.from', {
      encode: (state) => Buffer.from(stable(state)),
    }),
    binary('cbor-x', 'without records: plain CBOR that any library reads', cbor(false)),
    binary('cbor-x, records', 'with its record extension: other libraries do not read it', cbor(true)),
    binary('msgpackr', 'without records: plain MessagePack', msgpack(false)),
    binary('msgpackr, records', 'with its record extension: other libraries do not read it', msgpack(true)),
    hashed('v8.serialize', "V8's own format: read by this engine alone", {
      encode: v8.serialize,
      decode: v8.deserialize,
    }),
    {
      name: 'structuredClone',
      about: 'a copy in memory: no bytes, no digest',
      seal: (state) => structuredClone(state),
    },
    hashed('serde-wasm-bindgen', 'by reflection into a serde_json value in WebAssembly, and to bytes there', {
      encode,
      decode,
    }),
  ];
}

function binary(name, about, codec) {
  return hashed(name, about, { encode: (state) => codec.encode(state), decode: (bytes) => codec.decode(bytes) });
}

/** A codec with SHA-256 around it. */
function hashed(name, about, { encode, decode }) {
  return {
    name,
    about,
    seal: (state) => {
      const bytes = encode(state);
      return { bytes, digest: sha256(bytes) };
    },
    ...(decode === undefined
      ? {}
      : {
          open: ({ bytes, digest }) => {
            check(bytes, digest);
            return decode(bytes);
          },
        }),
    bytes: ({ bytes }) => bytes.length,
  };
}

function check(content, digest) {
  if (!digest.equals(sha256(content))) throw new Error('the digest differs');
}

/** `crypto.hash` came with Node 20.12 and is quicker for what is small. */
function sha256(content) {
  return crypto.hash === undefined
    ? crypto.createHash('sha256').update(content).digest()
    : crypto.hash('sha256', content, 'buffer');
}
