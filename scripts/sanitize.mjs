// `npm run sanitize`: the C++ under sanitizers. The addon with AddressSanitizer and UndefinedBehaviorSanitizer below the suites of
// test/binding, or those that are named; then many threads at the core's queues with ThreadSanitizer, for `--rounds N`. RocksDB
// itself is not compiled for them.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { buildVariant } from './native-variant.mjs';
import { root, stop } from './workspace.mjs';

/**
 * Left out: those that count memory or load binaries of their own, for which a sanitizer is in the way, and those that
 * kill processes for minutes.
 */
const LEFT_OUT = ['memory', 'out-of-memory', 'load-addon', 'native-arguments', 'open-files'];

const { values, positionals } = parseArgs({
  options: { rounds: { type: 'string', default: '20' } },
  allowPositionals: true,
});
if (!/^[1-9]\d*$/.test(values.rounds)) stop(`--rounds must be a number of at least 1, not ${values.rounds}.`);
if (process.platform !== 'linux') stop('The sanitizers are put below Node by LD_PRELOAD: that takes Linux.');

try {
  buildVariant('build-asan', { sanitize: 'address,undefined', targets: ['omnipaxos_rocksdb', 'disk_shim'] });
  testBinding();
  buildVariant('build-tsan', { sanitize: 'thread', targets: ['stress'] });
  stress();
} catch (error) {
  stop(error.message);
}

function testBinding() {
  const library = (name) => execFileSync('g++', [`-print-file-name=${name}`], { encoding: 'utf8' }).trim();
  const env = {
    ...process.env,
    // Node has a copy of the C++ library inside; the sanitizer looks for the one that the addon uses.
    LD_PRELOAD: `${library('libasan.so')}:${library('libstdc++.so')}`,
    // V8 never frees what it has at exit, and Node's own code is not compiled for the sanitizer.
    ASAN_OPTIONS: 'detect_leaks=0:abort_on_error=1',
    UBSAN_OPTIONS: 'print_stacktrace=1',
    NODE_OPTIONS: `--require ${join(root, 'scripts/sanitized-addon.cjs')} --experimental-vm-modules`,
  };
  const jest = [
    'node_modules/jest/bin/jest.js',
    ...(positionals.length > 0 ? positionals : ['test/binding']),
    '--testTimeout=300000', // all is some ten times as slow
    `--testPathIgnorePatterns=/(${LEFT_OUT.join('|')})\\.test`,
  ];
  execFileSync(process.execPath, jest, { stdio: 'inherit', env });
}

function stress() {
  const folder = mkdtempSync(join(tmpdir(), 'omnipaxos-stress-'));
  const suppressions = join(root, 'test/native/stress/tsan-suppressions.txt');
  // RocksDB copies and compares by the C library, and what orders that is not seen.
  const options = `ignore_interceptors_accesses=1 suppressions=${suppressions} second_deadlock_stack=1`;
  const env = { ...process.env, TSAN_OPTIONS: options };
  try {
    execFileSync('build-tsan/stress', [join(folder, 'db'), values.rounds], { stdio: 'inherit', env });
  } finally {
    rmSync(folder, { recursive: true });
  }
}
