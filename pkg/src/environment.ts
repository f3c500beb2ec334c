/** The part of the global that is used here; the compiler is told of no bundler. */
declare const process: { readonly env: { readonly NODE_ENV?: string } };

/** Whether this is no place for checks that are for developers. Slow to ask: once for a definition, not for an event. */
export function inProduction(): boolean {
  try {
    return process.env.NODE_ENV === 'production'; // word for word what bundlers replace
  } catch {
    return false; // neither a bundler nor a `process`
  }
}
