/** Packs the package, installs it where a stranger would, and runs the tests there. Build the package first. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { here, install } from './support/install.js';

const folder = mkdtempSync(join(tmpdir(), 'snapfold-packaging-'));
try {
  install(folder);
  const tests = readdirSync(here).filter((file) => file.endsWith('.test.js'));
  const args = ['--test', '--test-reporter=spec', ...process.argv.slice(2), ...tests];
  const { status } = spawnSync(process.execPath, args, { cwd: here, stdio: 'inherit', env: { ...process.env, SNAPFOLD_INSTALLED: folder } });
  process.exitCode = status ?? 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
