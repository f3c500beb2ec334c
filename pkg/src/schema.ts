/** The `validate` of a definition: a function, or a schema of any library that implements Standard Schema. */
import { functionOption, invalidOption } from './options.js';
import { element, member } from './value/refusal.js';

/** What is used of a schema by https://standardschema.dev, version 1: Zod, Valibot, ArkType and others have it. */
export interface StandardSchema {
  readonly '~standard': {
    readonly version: 1;
    validate(value: unknown): SchemaResult | Promise<SchemaResult>;
  };
}

interface SchemaResult {
  /** Absent if the value is valid. */
  readonly issues?: readonly SchemaIssue[] | undefined;
}

interface SchemaIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** A check that throws, or returns false, for a plain form that is not valid. What a schema makes of it is not looked at. */
export function validator(validate: unknown): ((plain: unknown) => unknown) | undefined {
  if (validate === undefined) return undefined;
  const schema = (validate as Partial<StandardSchema> | null)?.['~standard']; // that of ArkType is a function as well
  if (schema === undefined) functionOption('validate', validate);
  else if (schema?.version !== 1 || typeof schema.validate !== 'function') {
    throw invalidOption('validate', validate, 'must be a function, or a schema by Standard Schema, version 1');
  }
  return (plain) => {
    const result = schema === undefined ? (validate as (plain: unknown) => unknown)(plain) : schema.validate(plain);
    if (typeof (result as PromiseLike<unknown> | undefined)?.then === 'function') {
      Promise.resolve(result).catch(() => {}); // nobody waits for it, and its rejection would end the process
      throw new TypeError('it must answer at once, not with a promise');
    }
    const issues = schema && (result as SchemaResult).issues;
    if (issues) throw new Error(wordsOf(issues[0]));
    return result;
  };
}

function wordsOf({ message = 'it is not valid', path = [] }: Partial<SchemaIssue> = {}): string {
  return `${message} (at state${path.map(step).join('')})`;
}

function step(segment: PropertyKey | { readonly key: PropertyKey }): string {
  const key = typeof segment === 'object' ? segment.key : segment;
  return typeof key === 'number' ? element(key) : member(String(key));
}
