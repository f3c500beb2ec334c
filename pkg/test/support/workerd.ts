/** How a bundled Worker runs in workerd. */
import path from 'node:path';

/** Options for Miniflare. */
export function runs(file: string) {
  return {
    modules: true as const,
    scriptPath: file,
    modulesRoot: path.dirname(file),
    modulesRules: [{ type: 'CompiledWasm' as const, include: ['**/*.wasm'] }],
    compatibilityDate: '2026-04-01',
  };
}
