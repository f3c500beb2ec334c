/** One thing that must hold. */
export interface Check<Rule extends string = string> {
  /** A sentence. */
  readonly name: string;
  readonly rule: Rule;
  /** Rejects with what is wrong. Independent of other checks. */
  run(): Promise<void>;
}
