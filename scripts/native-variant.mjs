// The C++ of the project compiled in another way, in a build folder of its own, above the RocksDB that `npm run build` has made.

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { root } from './workspace.mjs';

/** Builds `targets` in `folder`; `env` may name another compiler. */
export function buildVariant(folder, { sanitize, targets, env = {} }) {
  const options = { stdio: 'inherit', env: { ...process.env, ...env } };
  const definitions = [`--CDSANITIZE=${sanitize}`, `--CDROCKSDB_ARCHIVE=${archive()}`];
  const generator = readFileSync('build/CMakeCache.txt', 'utf8').match(/^CMAKE_GENERATOR:INTERNAL=(.*)$/m)[1];
  const configure = ['configure', '--log-level', 'error', '--generator', generator, '--out', folder, ...definitions];
  execFileSync('node_modules/.bin/cmake-js', configure, options);
  const parallel = ['--parallel', `${availableParallelism()}`];
  execFileSync('cmake', ['--build', folder, ...parallel, '--target', ...targets], options);
}

/** The archive that the build in build/ is linked with. */
function archive() {
  const files = readFileSync('build/build.ninja', 'utf8').match(/rocksdb-[0-9a-f]+\.a|librocksdb\.a/);
  return join(root, 'build', files[0]);
}
