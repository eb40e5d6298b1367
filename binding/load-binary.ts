// Finds and loads a compiled binary of this package: a build in the clone first, then the one that the published package
// carries for the platform.

import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type DetectLibc from 'detect-libc';

const PACKAGE = 'omnipaxos-rocksdb';

/** @internal What is looked for, and what the error calls it. */
export interface Binary {
  /** As in "the native addon could not be loaded". */
  what: string;
  /** Of the file in the folder of its platform. */
  file: string;
  /** Below the root of a clone, where its build puts it. */
  built: readonly string[];
  errorCode: string;
}

/** @internal @throws Error with the binary's code: what was looked for, why it would not do, and what mends it */
export function loadBinary<M>(binary: Binary, root: string): M {
  const require = createRequire(import.meta.url);
  const attempts: string[] = [];
  // The second is named only once the first will not do: finding out which libc this is takes its time.
  const candidates = [() => join(root, ...binary.built), () => join(prebuiltFolder(root), binary.file)];
  for (const name of candidates) {
    const candidate = name();
    if (!existsSync(candidate)) {
      attempts.push(`${candidate}: not there`);
      continue;
    }
    try {
      return require(candidate) as M;
    } catch (error) {
      attempts.push(`${candidate}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  const remedy = existsSync(join(root, 'CMakeLists.txt'))
    ? `run \`npm run build\` in ${root}`
    : `this package has no binary for your platform: build it in a clone of the repository (\`npm ci && npm run build\`) ` +
      `and install from there`;
  const platform = `${process.platform}-${process.arch}, Node ${process.versions.node}`;
  throw Object.assign(
    new Error(
      `${PACKAGE}: ${binary.what} could not be loaded (${platform}${libc() ? `, ${libc()}` : ''}).\n` +
        `${attempts.map((attempt) => `  ${attempt}\n`).join('')}To mend it, ${remedy}.`,
    ),
    { code: binary.errorCode },
  );
}

/** @internal Where the published package has its binaries for this platform. */
export function prebuiltFolder(root: string): string {
  return join(root, 'prebuilds', `${process.platform}-${process.arch}${libc() === 'musl' ? '-musl' : ''}`);
}

/** @internal The folder of this package's package.json: the sources and the compiled files lie at different depths. */
export function packageRoot(): string {
  const start = dirname(fileURLToPath(import.meta.url));
  for (let folder = start; folder !== dirname(folder); folder = dirname(folder)) {
    const manifest = join(folder, 'package.json');
    if (existsSync(manifest) && JSON.parse(readFileSync(manifest, 'utf8')).name === PACKAGE) return folder;
  }
  return start;
}

/** Loaded only where it is asked for: what a build in the clone is for is known. */
function libc(): string | undefined {
  if (process.platform !== 'linux') return undefined;
  const { familySync } = createRequire(import.meta.url)('detect-libc') as typeof DetectLibc;
  return familySync() ?? undefined;
}
