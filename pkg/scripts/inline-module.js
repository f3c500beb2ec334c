/** The core as text, for the entry `snapfold/inline`. */
import { readFileSync, writeFileSync } from 'node:fs';

const at = (file) => new URL(`../wasm/${file}`, import.meta.url);
const core = readFileSync(at('snapfold_bg.wasm'));
writeFileSync(at('snapfold-inline.js'), `export default '${core.toString('base64')}';\n`);
writeFileSync(at('snapfold-inline.d.ts'), 'declare const encoded: string;\nexport default encoded;\n');
