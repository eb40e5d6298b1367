import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { loadAddon, loadFrom } from '../../binding/load-addon.js';
import { runChild } from '../support/child.js';
import { failureOf } from '../support/failures.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const ADDON = fileURLToPath(new URL('../../build/Release/omnipaxos_rocksdb.node', import.meta.url));
const built = (root: string) => join(root, 'build', 'Release', 'omnipaxos_rocksdb.node');
const prebuilt = (root: string) =>
  join(root, 'prebuilds', `${process.platform}-${process.arch}`, 'omnipaxos_rocksdb.node');

function put(path: string, content?: string): void {
  mkdirSync(dirname(path), { recursive: true });
  if (content === undefined) cpSync(ADDON, path);
  else writeFileSync(path, content);
}

async function messageOf(root: string): Promise<string> {
  const error = await failureOf(() => loadFrom(root));
  expect(error).toBeInstanceOf(Error);
  expect(error).toMatchObject({ code: 'ERR_ADDON_NOT_LOADED' });
  return (error as Error).message;
}

describe('loadAddon', () => {
  it('gives the addon of this clone, the same each time', () => {
    const addon = loadAddon();
    expect(loadAddon()).toBe(addon);
    expect(addon.rocksdbVersion).toBe('11.8.1');
    expect(typeof addon.Database).toBe('function');
  });
});

describe('loadFrom', () => {
  // In a child: a second copy of the addon should not stay in this process.
  it.each([
    ['a build in the clone', (root: string) => put(built(root))],
    ['a prebuilt binary where there is no build', (root: string) => put(prebuilt(root))],
    [
      'a prebuilt binary where the build is broken',
      (root: string) => {
        put(built(root), 'this is no shared object');
        put(prebuilt(root));
      },
    ],
  ])('takes %s', async (_, prepare) => {
    const root = temporaryFolder();
    prepare(root);
    const ending = await runChild('load-from.mjs', [root]);
    expect(ending).toEqual({ code: 0, signal: null, stdout: 'RocksDB 11.8.1\n', stderr: '' });
  });

  it('says what it looked for, on which platform, Node and libc', async () => {
    const root = temporaryFolder();
    const message = await messageOf(root);
    expect(message).toContain('omnipaxos-rocksdb');
    expect(message).toContain(`${built(root)}: not there`);
    expect(message).toContain(`${prebuilt(root)}: not there`);
    expect(message).toContain(`${process.platform}-${process.arch}`);
    expect(message).toContain(`Node ${process.versions.node}`);
    if (process.platform === 'linux') expect(message).toMatch(/glibc|musl/);
  });

  it('says why a file that is there would not do', async () => {
    const root = temporaryFolder();
    put(built(root), 'this is no shared object');
    put(prebuilt(root), '');
    const message = await messageOf(root);
    expect(message).toMatch(
      /build.*omnipaxos_rocksdb\.node: .*(invalid ELF header|file too short|not a mach-o|slice)/i,
    );
    expect(message).toMatch(/prebuilds.*omnipaxos_rocksdb\.node: (?!not there)\S+/);
  });

  it('says what to run: in a clone', async () => {
    const root = temporaryFolder();
    writeFileSync(join(root, 'CMakeLists.txt'), '');
    expect(await messageOf(root)).toContain(`run \`npm run build\` in ${root}`);
  });

  it('says what to do: in an installed package', async () => {
    expect(await messageOf(temporaryFolder())).toContain('npm ci && npm run build');
  });
});
