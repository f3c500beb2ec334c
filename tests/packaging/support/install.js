/** The packed package in a folder outside the repository, in every fixture as a stranger would install it; the tools are above them. */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expectedWithFolds, vectors } from './expected.js';

export const here = fileURLToPath(new URL('..', import.meta.url));
export const repository = join(here, '../..');

const npm = (cwd, ...args) => execFileSync(`npm ${args.join(' ')}`, { cwd, encoding: 'utf8', shell: true, stdio: ['ignore', 'pipe', 'inherit'] });

/** Fills `folder`, which is empty. Nothing is fetched: the package has no dependencies. */
export function install(folder) {
  npm(join(repository, 'pkg'), 'pack', '--silent', '--pack-destination', `"${folder}"`);
  symlinkSync(join(here, 'node_modules'), join(folder, 'node_modules'), 'junction');
  const stranger = join(folder, 'stranger');
  mkdirSync(stranger);
  writeFileSync(join(stranger, 'package.json'), JSON.stringify({ private: true, type: 'module' }));
  npm(stranger, 'install', '--offline', '--silent', `../${basename(tarballIn(folder))}`);
  const fixtures = readdirSync(join(here, 'fixtures'), { withFileTypes: true }).filter((entry) => entry.isDirectory());
  for (const { name } of fixtures) {
    const fixture = join(folder, name);
    cpSync(stranger, fixture, { recursive: true });
    cpSync(join(here, 'fixtures', name), fixture, { recursive: true });
    cpSync(join(here, 'fixtures/program.mjs'), join(fixture, 'program.mjs'));
    writeFileSync(join(fixture, 'vectors.json'), JSON.stringify(vectors));
    writeFileSync(join(fixture, 'expected.json'), JSON.stringify(expectedWithFolds));
  }
}

/** For the tests: where it was installed. */
export const installed = {
  get tarball() {
    return tarballIn(process.env.SNAPFOLD_INSTALLED);
  },
  get package() {
    return join(process.env.SNAPFOLD_INSTALLED, 'stranger/node_modules/snapfold');
  },
  fixture: (name) => join(process.env.SNAPFOLD_INSTALLED, name),
};

function tarballIn(folder) {
  return join(folder, readdirSync(folder).find((file) => file.endsWith('.tgz')));
}
