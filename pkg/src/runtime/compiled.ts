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
  const type = response.headers.get('content-type') ?? '';
  if (!response.ok || type.startsWith('text/html')) {
    throw new Error(`${url.href} is no module (status ${response.status}, ${type}); how it gets there with your bundler: docs/runtimes.md`);
  }
  if (type.startsWith('application/wasm') && WebAssembly.compileStreaming !== undefined) return WebAssembly.compileStreaming(response);
  return WebAssembly.compile(await response.arrayBuffer());
}
