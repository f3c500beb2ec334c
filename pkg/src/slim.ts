/** Entry without the core: the application hands it over, for runtimes and bundlers with ways of their own. */
import { provideCore } from './core.js';
import { compiledFrom } from './runtime/compiled.js';
import { init as load, type Module } from './wasm-module.js';

/**
 * Takes the core, `snapfold/snapfold.wasm`, as a `WebAssembly.Module` or its bytes. Throws `notReady` if it is neither, and may be called again
 * then; once there is a core, further ones are not looked at.
 */
export async function init(core: Module | PromiseLike<Module>): Promise<void> {
  provideCore({ later: async () => compiledFrom(await core) });
  await load();
}

export * from './index.js';
