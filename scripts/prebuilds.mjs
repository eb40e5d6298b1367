// Puts the binaries that were built here, stripped, where the published package has them for this platform.

import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, rmSync } from 'node:fs';
import { dirname, relative } from 'node:path';
import { builtPath, prebuiltPath } from '../dist/binding/load-addon.js';
import { builtEnginePath, prebuiltEnginePath } from '../dist/lib/consensus/load-engine.js';
import { root } from './workspace.mjs';

for (const [built, target] of [
  [builtPath(root), prebuiltPath(root)],
  [builtEnginePath(root), prebuiltEnginePath(root)],
]) {
  const prebuilt = relative(root, target);
  mkdirSync(dirname(prebuilt), { recursive: true });
  rmSync(prebuilt, { force: true }); // a new file: a process that runs the old one has its code mapped
  copyFileSync(built, prebuilt);
  execFileSync('strip', [process.platform === 'darwin' ? '-x' : '--strip-unneeded', prebuilt]);
  console.log(`Made ${prebuilt}.`);
}
