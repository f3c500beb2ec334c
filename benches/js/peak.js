/** Resident memory as the kernel counts it (VmRSS, VmHWM). Linux alone lets a process reset the peak; elsewhere there is no measurement. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';

const STATUS = '/proc/self/status';

export const tellsPeak = existsSync(STATUS);

/** What `run` gives, and by how many bytes resident memory grew at its peak, from a collected heap. It sees what lives for a moment only. */
export async function withGrowth(run) {
  // Freed pages go back to the system a moment after a collection.
  for (let i = 0; i < 3; i++) {
    globalThis.gc();
    await setTimeout(50);
  }
  writeFileSync('/proc/self/clear_refs', '5');
  const before = kilobytes('VmRSS');
  const made = run();
  return { made, growth: (kilobytes('VmHWM') - before) * 1024 };
}

function kilobytes(field) {
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(readFileSync(STATUS, 'utf8'))[1]);
}
