/** Compiling modules; the compiler is told of no browser, so that the parts of the globals that are used stand here. */
import type { Module } from '../wasm-module.js';

interface Wasm {
  readonly Module: new (bytes: Uint8Array) => Module;
  compile(bytes: ArrayBuffer | Uint8Array): Promise<Module>;
  compileStreaming?(response: Answer): Promise<Module>;
}

interface Answer {
  readonly ok: boolean;
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  arrayBuffer(): Promise<ArrayBuffer>;
}

const { WebAssembly, fetch } = globalThis as unknown as { readonly WebAssembly: Wasm; fetch(url: URL): Promise<Answer> };

/** At once, where a runtime allows that. */
export function compiled(bytes: Uint8Array): Module {
  return new WebAssembly.Module(bytes);
}

/** A module as it is, or its bytes compiled. */
export async function compiledFrom(given: Module): Promise<Module> {
  return given instanceof WebAssembly.Module ? given : WebAssembly.compile(given as Uint8Array);
}

/** While it arrives, if the server says what it is. */
export async function fetched(url: URL): Promise<Module> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url.href} answered with the status ${response.status}`);
  const streams = response.headers.get('content-type')?.startsWith('application/wasm') === true;
  if (streams && WebAssembly.compileStreaming !== undefined) return WebAssembly.compileStreaming(response);
  return WebAssembly.compile(await response.arrayBuffer());
}
