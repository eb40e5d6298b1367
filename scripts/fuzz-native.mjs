// `npm run fuzz:native -- --seconds N`: libFuzzer at what reads bytes in the C++, N seconds for each program of test/fuzz/. Takes clang.
// A program begins with the inputs in test/fuzz/corpus/; what it finds on its way is kept in build-fuzz/corpus/, and an input that
// breaks something in build-fuzz/.

import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { buildVariant } from './native-variant.mjs';
import { filesIn, stop } from './workspace.mjs';

const FOLDER = 'build-fuzz';

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '60' } } });
if (!/^[1-9]\d*$/.test(values.seconds)) stop(`--seconds must be a number of at least 1, not ${values.seconds}.`);
if (spawnSync('clang++', ['--version']).error)
  stop('libFuzzer is part of clang: install it (`apt-get install clang`).');

const subjects = filesIn('test/fuzz')
  .filter((file) => file.endsWith('.cc'))
  .map((file) => basename(file, '.cc'));
const programs = subjects.map((subject) => `fuzz_${subject}`);
try {
  const env = { CC: 'clang', CXX: 'clang++' };
  buildVariant(FOLDER, { sanitize: 'fuzzer-no-link,address,undefined', targets: programs, env });
  for (const subject of subjects) fuzz(subject);
} catch (error) {
  stop(error.message);
}

function fuzz(subject) {
  console.log(`\n=== ${subject}`);
  const found = join(FOLDER, 'corpus', subject);
  mkdirSync(found, { recursive: true });
  const corpora = [found, join('test/fuzz/corpus', subject)].filter((folder) => existsSync(folder));
  const limits = [`-max_total_time=${values.seconds}`, '-max_len=8192', '-timeout=10', '-rss_limit_mb=2048'];
  const options = [...limits, `-artifact_prefix=${FOLDER}/${subject}-`, '-print_final_stats=1', '-verbosity=0'];
  execFileSync(join(FOLDER, `fuzz_${subject}`), [...options, ...corpora], { stdio: 'inherit' });
}
