/** The lines of a run, to be asked. */
import { FAMILIES, SIZES } from './families.js';

/** @param lines what the measuring programs printed */
export class Results {
  constructor(lines) {
    this.lines = lines;
    this.runtimes = unique(lines.map(({ runtime }) => runtime));
    /** The families that means are taken of, and their sizes. */
    this.sizes = Object.keys(SIZES).filter((size) => this.of('time', { size }).length > 0);
    this.families = Object.keys(FAMILIES).filter((family) => this.of('time', { family }).length > 0);
  }

  /** The lines of a kind whose fields are those. */
  of(kind, fields = {}) {
    const wanted = Object.entries({ kind, ...fields });
    return this.lines.filter((line) => wanted.every(([field, value]) => line[field] === value));
  }

  /** Milliseconds; undefined where that was not measured. */
  ms(runtime, work, family, size, side) {
    return this.of('time', { runtime, work, family, size, side })[0]?.ms;
  }

  /** `{ family, ratio }`: how many times as long the quickest of `against` takes as we do, for each family that was measured. */
  ratios(runtime, work, size, against) {
    return this.families.flatMap((family) => {
      const ours = this.ms(runtime, work, family, size, 'snapfold');
      const theirs = against.map((side) => this.ms(runtime, work, family, size, side)).filter((ms) => ms !== undefined);
      return ours === undefined || theirs.length === 0 ? [] : [{ family, ratio: Math.min(...theirs) / ours }];
    });
  }
}

export function geometricMean(numbers) {
  return Math.exp(numbers.reduce((sum, number) => sum + Math.log(number), 0) / numbers.length);
}

export function unique(items) {
  return [...new Set(items)];
}
