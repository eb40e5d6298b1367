// Finds and loads the compiled addon: a build in the clone first, then a prebuilt binary of the published package.

import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type DetectLibc from 'detect-libc';
import type { NativeAddon } from './native-addon.js';

const PACKAGE = 'omnipaxos-rocksdb';
const FILE = 'omnipaxos_rocksdb.node';

let loaded: NativeAddon | undefined;

/**
 * The addon, loaded at the first call, so that importing the package costs nothing where only `MemStorage` is used.
 * @throws Error with code `ERR_ADDON_NOT_LOADED`: what was looked for, why it would not do, and the command that mends it
 */
export function loadAddon(): NativeAddon {
  loaded ??= loadFrom(packageRoot());
  return loaded;
}

/** @internal Exported for its tests; use {@link loadAddon}. */
export function loadFrom(root: string): NativeAddon {
  const require = createRequire(import.meta.url);
  const attempts: string[] = [];
  // The second is named only once the first will not do: finding out which libc this is takes its time.
  const candidates = [() => builtPath(root), () => prebuiltPath(root)];
  for (const name of candidates) {
    const candidate = name();
    if (!existsSync(candidate)) {
      attempts.push(`${candidate}: not there`);
      continue;
    }
    try {
      return require(candidate) as NativeAddon;
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
      `${PACKAGE}: the native addon could not be loaded (${platform}${libc() ? `, ${libc()}` : ''}).\n` +
        `${attempts.map((attempt) => `  ${attempt}\n`).join('')}To mend it, ${remedy}.`,
    ),
    { code: 'ERR_ADDON_NOT_LOADED' },
  );
}

/** @internal Where the build of a clone puts the addon. */
export function builtPath(root: string): string {
  return join(root, 'build', 'Release', FILE);
}

/** @internal Where the published package has the addon for this platform. */
export function prebuiltPath(root: string): string {
  return join(root, 'prebuilds', `${process.platform}-${process.arch}${libc() === 'musl' ? '-musl' : ''}`, FILE);
}

/** The folder of this package's package.json: the sources and the compiled files lie at different depths below it. */
function packageRoot(): string {
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
