// Finds and loads the compiled addon: RocksDB.

import { join } from 'node:path';
import { type Binary, loadBinary, packageRoot, prebuiltFolder } from './load-binary.js';
import type { NativeAddon } from './native-addon.js';

const ADDON: Binary = {
  what: 'the native addon',
  file: 'omnipaxos_rocksdb.node',
  built: ['build', 'Release', 'omnipaxos_rocksdb.node'],
  errorCode: 'ERR_ADDON_NOT_LOADED',
};

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
  return loadBinary<NativeAddon>(ADDON, root);
}

/** @internal Where the build of a clone puts the addon. */
export function builtPath(root: string): string {
  return join(root, ...ADDON.built);
}

/** @internal Where the published package has the addon for this platform. */
export function prebuiltPath(root: string): string {
  return join(prebuiltFolder(root), ADDON.file);
}
