// Puts the addon that was built here, stripped, where the published package has it for this platform.

import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, rmSync } from 'node:fs';
import { dirname, relative } from 'node:path';
import { builtPath, prebuiltPath } from '../dist/binding/load-addon.js';
import { root } from './workspace.mjs';

const prebuilt = relative(root, prebuiltPath(root));
mkdirSync(dirname(prebuilt), { recursive: true });
rmSync(prebuilt, { force: true }); // a new file: a process that runs the old one has its code mapped
copyFileSync(builtPath(root), prebuilt);
execFileSync('strip', [process.platform === 'darwin' ? '-x' : '--strip-unneeded', prebuilt]);
console.log(`Made ${prebuilt}.`);
