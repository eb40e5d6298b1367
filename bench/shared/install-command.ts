import { readFileSync } from 'node:fs';

/** The command that installs optional packages, in the versions that this package names. */
export function installCommand(names: readonly string[]): string {
  const versions = optionalPackages();
  return `npm install ${names.map((name) => `'${name}@${versions[name]}'`).join(' ')}`;
}

/** The packages that only the command needs, with their versions. Users of the command install them. */
export function optionalPackages(): Readonly<Record<string, string>> {
  const manifest = new URL(import.meta.resolve('omnipaxos-rocksdb/package.json'));
  return (JSON.parse(readFileSync(manifest, 'utf8')) as { peerDependencies: Record<string, string> }).peerDependencies;
}
