/** Programs of the runtimes and tools. */
import { execFile, execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { here, installed } from './install.js';

/** What a program prints. What it says when it fails is in the error. */
export async function run(program, args, cwd, options = {}) {
  try {
    const { stdout } = await promisify(execFile)(program, args, { cwd, maxBuffer: 1 << 26, ...options });
    return stdout;
  } catch ({ message, stdout, stderr }) {
    throw new Error(`${message}\n${stdout}\n${stderr}`);
  }
}

/** A program for Node. */
export const node = (fixture, ...args) => run(process.execPath, args, installed.fixture(fixture));

/** A script of a fixture's package.json. */
export const script = (fixture, name, ...args) => run('npm', ['run', '--silent', name, ...args], installed.fixture(fixture), { shell: process.platform === 'win32' });

/** The script `start` of a fixture, by the program that its first word stands for. */
export function start(fixture, program) {
  const { scripts } = JSON.parse(readFileSync(join(installed.fixture(fixture), 'package.json'), 'utf8'));
  return run(program, scripts.start.split(' ').slice(1), installed.fixture(fixture));
}

/** The program that an npm package brings for this machine in another one below `scope`, or why there is none. */
export function programOf(name, scope, folder) {
  const packages = join(here, 'node_modules', scope);
  const names = existsSync(packages) ? readdirSync(packages) : [];
  const files = names.flatMap((each) => [name, `${name}.exe`].map((file) => join(packages, each, folder, file)));
  const program = files.filter((file) => existsSync(file)).find(answers);
  return { program, lack: program === undefined && `SKIPPED: the npm package ${name} has no program that runs on this machine` };
}

function answers(program) {
  try {
    execFileSync(program, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false; // for another kind of machine
  }
}
