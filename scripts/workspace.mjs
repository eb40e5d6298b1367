// What the scripts share: where things lie, and how to stop. Importing it makes the root the current folder, so that every
// path in the scripts is relative to it.

import { existsSync, readdirSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));
process.chdir(root);

/** Where finished work that other clones can use is kept; native/cmake/rocksdb.cmake chooses the same folder. */
export function cacheFolder() {
  const { XDG_CACHE_HOME } = process.env;
  if (XDG_CACHE_HOME && isAbsolute(XDG_CACHE_HOME)) return join(XDG_CACHE_HOME, 'omnipaxos-rocksdb');
  return join(homedir(), process.platform === 'darwin' ? 'Library/Caches' : '.cache', 'omnipaxos-rocksdb');
}

/** All files below `folder`, or it itself where it is one; it need not exist. */
export function filesIn(folder) {
  if (!existsSync(folder)) return [];
  if (statSync(folder).isFile()) return [folder];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

export function stop(reason) {
  console.error(reason);
  process.exit(1);
}
