/** Results are lines of JSON on stdout, progress is text on stderr. */

export function emit(line) {
  console.log(JSON.stringify({ runtime: `Node ${process.versions.node}`, ...line }));
}

export function progress(text) {
  process.stderr.write(`  ${text}\n`);
}
