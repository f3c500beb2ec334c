/** Whether this is no place for checks that are for developers. Slow to ask: once for a definition, not for an event. */
export function inProduction(): boolean {
  const { process } = globalThis as { process?: { env?: Record<string, string | undefined> } };
  return process?.env?.['NODE_ENV'] === 'production';
}
