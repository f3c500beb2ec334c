/**
 * One long stream in batches, each from where the one before it ended: how far the memory of WebAssembly and of the process grows.
 *
 * The orders of examples/rules, but those that are shipped leave the state too: it stays small, and whatever grows is not the state.
 */
import { fold, rulesFold } from '../../pkg/dist/folds.js';
import { memory } from '../../pkg/dist/plain-module.js';
import { specification } from './fold-cases.js';
import { batches, ordersLog } from './fold-logs.js';
import { emit, progress } from './lines.js';
import { tellsPeak, withGrowth } from './peak.js';

const { events, batch } = JSON.parse(process.argv[2]);

if (tellsPeak) await run();
else progress('memory of folds: not measured, the kernel of this system does not tell the peak');

async function run() {
  progress(`memory, ${events} events in batches of ${batch}`);
  const spec = rulesFold(openOrders());
  const [beginning, ...rest] = batches(ordersLog(events), batch);
  let folded = fold(spec, beginning);
  const before = wasmBytes();
  const { growth } = await withGrowth(() => {
    for (const bytes of rest) folded = fold(spec, bytes, folded);
  });
  if (folded.eventCount !== events) throw new Error(`${folded.eventCount} of ${events} events are folded in`);
  emit({
    kind: 'fold memory',
    events,
    batch,
    state: folded.bytes.length,
    growth,
    wasmBefore: before,
    wasm: wasmBytes(),
  });
}

function openOrders() {
  const { rules, ...rest } = specification('orders');
  const counters = rules.OrderShipped.filter(({ put }) => put === undefined);
  return { ...rest, rules: { ...rules, OrderShipped: [{ remove: '/orders/{/data/order}' }, ...counters] } };
}

function wasmBytes() {
  return memory().length;
}
