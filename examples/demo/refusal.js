// @ts-check
/** An error that is the user's to mend: printed as one sentence, without a stack. */
export class Refusal extends Error {}

/**
 * The code of a system error, such as `ENOENT`.
 * @param {unknown} error
 */
export function codeOf(error) {
  return /** @type {{ code?: string }} */ (error).code;
}
