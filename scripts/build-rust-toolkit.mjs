// Builds bench/rust-toolkit, the crate in Rust that `npm run bench -- --rust` measures, where it is not built yet. Prints its
// path to stdout, and progress to stderr.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { SingleBar } from 'cli-progress';
import { RUST_MISSING } from './rust.mjs';
import { cacheFolder, filesIn, root, stop } from './workspace.mjs';

/** Clones share it: RocksDB is compiled once. */
const target = join(cacheFolder(), 'rust-toolkit');
const PROGRAM = join(target, 'release/rust-toolkit');
/** Files that cargo compiles for RocksDB 10.4.2, one by one, which takes nearly all the time. */
const ROCKSDB_OBJECTS = 329;
const POLL_MS = 2000;
const NO_TERMINAL_REPORT_MS = 30_000;

const manifest = join(root, 'bench/rust-toolkit/Cargo.toml');
const args = ['build', '--release', '--locked', '--manifest-path', manifest, '--target-dir', target];
const child = spawn('cargo', args, { stdio: ['ignore', 'ignore', 'pipe'], detached: true });
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.once(signal, () => {
    bar.stop();
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL'); // the compilers too
    process.exit(1);
  });
}

let messages = '';
child.stderr.on('data', (chunk) => {
  messages += chunk;
});
const bar = new SingleBar({
  format: 'Compiling RocksDB for the crate in Rust: {bar} {value} of {total} files | {eta_formatted} left',
  noTTYOutput: true,
  notTTYSchedule: NO_TERMINAL_REPORT_MS,
});
const poll = setInterval(() => {
  if (!messages.includes('Compiling librocksdb-sys')) return;
  if (!bar.isActive) {
    console.error('RocksDB is compiled first: about 15 minutes on 2 cores. It is kept for later runs.');
    bar.start(ROCKSDB_OBJECTS, 0);
  }
  bar.update(Math.min(ROCKSDB_OBJECTS, objectsSoFar()));
}, POLL_MS);

child.once('error', (error) => stop(`cargo cannot be run (${error.code}): ${RUST_MISSING}.`));
const [code] = await once(child, 'close');
clearInterval(poll);
bar.stop();
if (code !== 0) {
  stop(
    `${messages}\nThe crate in Rust could not be built; the messages above say why. It needs libclang and a C++ compiler.`,
  );
}
console.log(PROGRAM);

function objectsSoFar() {
  return filesIn(join(target, 'release/build')).filter((file) => /librocksdb-sys-[^/]+\/out\/.*\.o$/.test(file)).length;
}
