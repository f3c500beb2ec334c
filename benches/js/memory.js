/**
 * How far the resident memory of a fresh process grows while one side seals a state once, against the size of what it makes.
 *
 * The peak is the kernel's (VmHWM, reset before sealing), so that it sees memory that lives for a moment only. Linux alone lets a
 * process reset it; elsewhere there is no measurement.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import * as glue from '../../pkg/wasm/snapfold.js';
import { makeState, unitsFor } from './families.js';
import { emit, progress } from './lines.js';
import { JSON_SIDES, OURS, peers } from './sides.js';

const STATUS = '/proc/self/status';
const { family, side: wanted, jsonBytes, swb } = JSON.parse(process.argv[2]);

if (existsSync(STATUS)) await run();
else progress('memory: not measured, the kernel of this system does not tell the peak');

async function run() {
  progress(`memory, ${family}, ${wanted}`);
  const side = [OURS, ...JSON_SIDES, ...(swb === undefined ? [] : await peers(swb))].find(
    ({ name }) => name === wanted,
  );
  side.seal(makeState(family, 1));
  const state = makeState(family, unitsFor(family, jsonBytes));
  // Freed pages go back to the system a moment after a collection.
  for (let i = 0; i < 3; i++) {
    globalThis.gc();
    await setTimeout(50);
  }
  writeFileSync('/proc/self/clear_refs', '5');
  const before = kilobytes('VmRSS');
  const stored = side.seal(state);
  const growth = (kilobytes('VmHWM') - before) * 1024;
  const wasm = side === OURS ? { wasm: glue.initSync().memory.buffer.byteLength } : {};
  emit({ kind: 'memory', family, jsonBytes, side: wanted, bytes: side.bytes(stored), growth, ...wasm });
}

function kilobytes(field) {
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(readFileSync(STATUS, 'utf8'))[1]);
}
