import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';

export interface FoundPackage<Module> {
  module: Module;
  /** "name 1.2.3" */
  version: string;
}

/**
 * Loads a package that this one does not depend on.
 * @throws Error that says in one line what is missing, or why it does not load
 */
export async function findPackage<Module>(name: string): Promise<FoundPackage<Module>> {
  const entry = resolvePackage(name);
  if (entry === undefined) throw new Error(`not installed; \`npm install ${name}\` installs it`);
  let loaded: object;
  try {
    loaded = (await import(pathToFileURL(entry).href)) as object;
  } catch (error) {
    throw new Error(`does not load: ${error instanceof Error ? error.message : error}`);
  }
  const module = 'default' in loaded && typeof loaded.default === 'function' ? loaded.default : loaded;
  return { module: module as Module, version: `${name} ${versionOf(name, entry)}` };
}

/** Looks where this package is installed, then in the current folder. */
export function resolvePackage(name: string): string | undefined {
  return resolveFrom(import.meta.url, name) ?? resolveFrom(pathToFileURL(join(process.cwd(), '_')).href, name);
}

function resolveFrom(place: string, name: string): string | undefined {
  try {
    return createRequire(place).resolve(name);
  } catch {
    return undefined;
  }
}

function versionOf(name: string, entry: string): string {
  for (let folder = dirname(entry); folder !== dirname(folder); folder = dirname(folder)) {
    const file = join(folder, 'package.json');
    if (!existsSync(file)) continue;
    const manifest = JSON.parse(readFileSync(file, 'utf8')) as { name?: string; version?: string };
    if (manifest.name === name && manifest.version !== undefined) return manifest.version;
  }
  return 'of unknown version';
}
