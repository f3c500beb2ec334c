/** How far the resident memory of a fresh process grows while one side seals a state once, against the size of what it makes. */
import * as glue from '../../pkg/wasm/snapfold.js';
import { makeState, unitsFor } from './families.js';
import { emit, progress } from './lines.js';
import { tellsPeak, withGrowth } from './peak.js';
import { JSON_SIDES, OURS, peers } from './sides.js';

const { family, side: wanted, jsonBytes, swb } = JSON.parse(process.argv[2]);

if (tellsPeak) await run();
else progress('memory: not measured, the kernel of this system does not tell the peak');

async function run() {
  progress(`memory, ${family}, ${wanted}`);
  const side = [OURS, ...JSON_SIDES, ...(swb === undefined ? [] : await peers(swb))].find(
    ({ name }) => name === wanted,
  );
  side.seal(makeState(family, 1));
  const state = makeState(family, unitsFor(family, jsonBytes));
  const { made, growth } = await withGrowth(() => side.seal(state));
  const wasm = side === OURS ? { wasm: glue.initSync().memory.buffer.byteLength } : {};
  emit({ kind: 'memory', family, jsonBytes, side: wanted, bytes: side.bytes(made), growth, ...wasm });
}
