// The library needs little; the command needs more, which its users install themselves (peerDependencies, optional).

import { createRequire } from 'node:module';
import { installCommand, optionalPackages } from '../bench/shared/install-command.js';

/** Only `bench fsync --html` needs it, and asks for it by itself. */
const CHARTS = 'echarts';

/** If `error` is that a package of the command is not installed: what to do about it. */
export function tellOfMissingPackages(error: unknown): string | undefined {
  if (!(error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND')) return undefined;
  const missing = Object.keys(optionalPackages()).filter((name) => name !== CHARTS && !isInstalled(name));
  if (missing.length === 0) return undefined;
  return `the command needs packages that the library does not; install them beside it: ${installCommand(missing)}`;
}

function isInstalled(name: string): boolean {
  try {
    createRequire(import.meta.url).resolve(name);
    return true;
  } catch {
    return false;
  }
}
