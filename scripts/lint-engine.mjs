// Checks engine/ with rustfmt, then with clippy: as it is built for Node, and as its tests build it. With --fix it only
// formats, in place. bench/rust-toolkit is only formatted: clippy would have to compile its RocksDB.

import { spawnSync } from 'node:child_process';
import { RUST_MISSING } from './rust.mjs';
import { stop } from './workspace.mjs';

const where = ['--manifest-path', 'engine/Cargo.toml'];
const ofBench = ['--manifest-path', 'bench/rust-toolkit/Cargo.toml'];
const clippy = ['clippy', '--quiet', '--locked', ...where, '--target-dir', 'engine/target'];

if (process.argv.includes('--fix')) {
  cargo('The engine could not be formatted.', 'fmt', ...where);
  cargo('The Rust of the benchmark could not be formatted.', 'fmt', ...ofBench);
} else {
  for (const of of [where, ofBench]) cargo('The Rust is not formatted: run `npm run format`.', 'fmt', '--check', ...of);
  const failed = 'clippy found something in the engine.';
  cargo(failed, ...clippy, '--', '--deny', 'warnings');
  cargo(failed, ...clippy, '--all-targets', '--no-default-features', '--', '--deny', 'warnings');
}

function cargo(failure, ...args) {
  const { error, status } = spawnSync('cargo', args, { stdio: 'inherit' });
  if (error) stop(`cargo cannot be run (${error.code}): ${RUST_MISSING}.`);
  if (status !== 0) {
    const [subcommand] = args;
    stop(`${failure} If \`cargo ${subcommand}\` itself is missing: \`rustup component add rustfmt clippy\`.`);
  }
}
