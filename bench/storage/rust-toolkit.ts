import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import type { OptionalContestant } from '../suite.js';

const SCRIPT = 'scripts/build-rust-toolkit.mjs';
let program: string | undefined;

/** The crate that this package re-creates. Its RocksDB takes long to compile, so it takes part only where it is asked for. */
export const RUST_TOOLKIT: OptionalContestant = {
  name: 'rust-toolkit',
  flag: '--rust',
  description: 'also the crate tsoracle-paxos-toolkit; its first build takes about 15 minutes',
  async prepare(signal) {
    const script = fileURLToPath(new URL(SCRIPT, import.meta.resolve('omnipaxos-rocksdb/package.json')));
    const child = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'inherit'], signal });
    const ended = once(child, 'close');
    const [printed, [code]] = await Promise.all([text(child.stdout), ended]);
    if (code !== 0) return 'it could not be built';
    program = printed.trim();
    return undefined;
  },
};

/** Where it was built. */
export function rustToolkit(): string {
  if (program === undefined) throw new Error('the crate in Rust has not been built');
  return program;
}
