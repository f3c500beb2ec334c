/** The logs that are folded as files, for those who do not make them: `node write-logs.js FOLDER [--mode full|quick] [--events FILE]`. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { journalLog, loansLog, ordersLog } from './fold-logs.js';
import { modeOf } from './modes.js';

const {
  positionals: [folder],
  values: { mode, events: file },
} = parseArgs({
  allowPositionals: true,
  options: { mode: { type: 'string', default: 'full' }, events: { type: 'string' } },
});
if (folder === undefined) throw new Error('usage: node write-logs.js FOLDER [--mode full|quick] [--events FILE]');
const { loans, orders, journal } = modeOf(mode).folds.events;
write('loans', loansLog(loans, file));
write('orders', ordersLog(orders));
write('journal', journalLog(journal));

function write(name, bytes) {
  writeFileSync(join(folder, `${name}.ndjson`), bytes);
}
