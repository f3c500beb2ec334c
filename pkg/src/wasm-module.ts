/** The package's WebAssembly modules: there when they are needed, or after `init()`, and replaced when they stop. */
import { describe, SnapshotError } from './error.js';

/** A `WebAssembly.Module`; the compiler is told of no browser. */
export type Module = object;

/** How a runtime comes by a module: at once, or after a while. */
export type ModuleSource = { readonly now: () => Module } | { readonly later: () => Promise<Module> };

const modules: WasmModule<unknown>[] = [];

/**
 * Loads the WebAssembly of everything that is imported, where that takes time; elsewhere it does nothing. One snippet runs on every runtime.
 * `open` of a definition does it, too. Throws `notReady` if a module cannot be loaded; call it again then.
 */
export async function init(): Promise<void> {
  await Promise.all(modules.map((each) => each.load()));
}

export class WasmModule<Instance> {
  /** Counts the instances: what lay in a former one is gone. */
  generation = 0;
  readonly #instantiate: (module: Module) => Instance;
  #source: ModuleSource | undefined;
  #module: Module | undefined;
  #instance: Instance | undefined;
  #loading: Promise<Module> | undefined;

  constructor(instantiate: (module: Module) => Instance) {
    this.#instantiate = instantiate;
    modules.push(this as WasmModule<unknown>);
  }

  /** Until there is a module, the last one counts. */
  provide(source: ModuleSource): void {
    this.#source = source;
  }

  /** Throws `notReady` where it has to be loaded first. */
  get instance(): Instance {
    return this.#instance ?? this.#begin();
  }

  async load(): Promise<void> {
    const source = this.#source;
    if (this.#module !== undefined || source === undefined || 'now' in source) return;
    try {
      this.#module = await (this.#loading ??= source.later());
    } catch (cause) {
      this.#loading = undefined;
      throw new SnapshotError('notReady', `the WebAssembly module could not be loaded: ${describe(cause)}`, { cause });
    }
  }

  /** What an instance does: it answers, or it stops; then another one takes its place, and `trapped` is thrown. */
  run<T>(work: (instance: Instance) => T): T {
    const { instance } = this;
    try {
      return work(instance);
    } catch (cause) {
      this.#begin();
      throw new SnapshotError('trapped', `WebAssembly stopped, for want of memory perhaps, and began anew: ${describe(cause)}`, { cause });
    }
  }

  #begin(): Instance {
    if (this.#module === undefined && this.#source !== undefined && 'now' in this.#source) this.#module = this.#source.now();
    if (this.#module === undefined) throw new SnapshotError('notReady', 'the WebAssembly module is not loaded yet: `await init()` first');
    this.generation += 1;
    return (this.#instance = this.#instantiate(this.#module));
  }
}
