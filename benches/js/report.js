/**
 * Tables from results: `node report.js RESULTS [--json FILE] [--docs FILE]`.
 *
 * RESULTS are lines of JSON as the measuring programs print them. The tables go to stdout; `--json` writes results and floors to
 * a file, `--docs` puts the tables between the two markers of a document.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus, totalmem, type } from 'node:os';
import { parseArgs } from 'node:util';
import { floors } from './floors.js';
import { Results } from './results.js';
import { inserted, markdown } from './tables.js';

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { json: { type: 'string' }, docs: { type: 'string' } },
});
const [file] = positionals;
if (file === undefined) throw new Error('usage: node report.js RESULTS [--json FILE] [--docs FILE]');
const lines = readFileSync(file, 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line));
const results = new Results(lines);
const tables = markdown(results, machine());
console.log(tables);
if (values.json !== undefined)
  writeFileSync(
    values.json,
    `${JSON.stringify({ machine: machine(), floors: floors(results), results: results.lines }, null, 1)}\n`,
  );
if (values.docs !== undefined) writeFileSync(values.docs, inserted(readFileSync(values.docs, 'utf8'), tables));

function machine() {
  const all = cpus();
  return `Measured on ${all.length} × ${all[0]?.model.trim() ?? 'unknown processor'}, ${Math.round(totalmem() / 2 ** 30)} GiB, ${type()}.`;
}
