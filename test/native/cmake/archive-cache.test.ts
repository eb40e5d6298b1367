// The cache of RocksDB's archive, as the CMake of several clones uses it.

import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { temporaryFolder } from '../../support/temporary-folder.js';

const CACHE = fileURLToPath(new URL('../../../native/cmake/archive-cache.cmake', import.meta.url));
const ARCHIVE = 'all the bytes of an archive';

let folder: string;
let entry: string;
beforeEach(() => {
  folder = temporaryFolder();
  entry = join(folder, 'cache/rocksdb-1.2.3-key');
  mkdirSync(join(folder, 'cache'));
  writeFileSync(join(folder, 'built.a'), ARCHIVE);
});

async function cmake(...commands: string[]): Promise<string> {
  const script = join(temporaryFolder(), 'script.cmake');
  writeFileSync(script, [`include("${CACHE}")`, ...commands].join('\n'));
  return (await promisify(execFile)('cmake', ['-P', script])).stdout;
}

const store = () => cmake(`store_archive("${join(folder, 'built.a')}" "${entry}")`);

/** What a build takes from the cache, or undefined. */
async function take(name = 'taken.a'): Promise<string | undefined> {
  const archive = join(folder, name);
  const stdout = await cmake(`take_archive("${entry}" "${archive}" taken)`, `message(STATUS "taken: \${taken}")`);
  expect(existsSync(archive)).toBe(stdout.includes('taken: TRUE'));
  return existsSync(archive) ? readFileSync(archive, 'utf8') : undefined;
}

function makeEntry(archive: string, checksum: string | undefined): void {
  mkdirSync(entry);
  writeFileSync(join(entry, 'librocksdb.a'), archive);
  if (checksum !== undefined) writeFileSync(join(entry, 'librocksdb.a.sha256'), checksum);
}

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

describe('store_archive and take_archive', () => {
  it('give an archive from one build to the next', async () => {
    expect(await take()).toBeUndefined();
    await store();
    expect(await take()).toBe(ARCHIVE);
    expect(readdirSync(join(folder, 'cache'))).toEqual([basename(entry)]);
  });

  it('leave a whole entry as it is', async () => {
    makeEntry('of an earlier build', sha256('of an earlier build'));
    await store();
    expect(await take()).toBe('of an earlier build');
    expect(readdirSync(join(folder, 'cache'))).toEqual([basename(entry)]);
  });

  it.each([
    ['cut short', ARCHIVE.slice(1), sha256(ARCHIVE)],
    ['without a checksum', ARCHIVE, undefined],
    ['with half a checksum', ARCHIVE, sha256(ARCHIVE).slice(1)],
  ])('take nothing from an entry %s, and put a whole one in its place', async (_, archive, checksum) => {
    makeEntry(archive, checksum);
    expect(await take()).toBeUndefined();
    expect(existsSync(entry)).toBe(true); // another build may be about to replace it
    await store();
    expect(await take()).toBe(ARCHIVE);
    expect(readdirSync(join(folder, 'cache'))).toEqual([basename(entry)]);
  });

  it('do not remove what somebody else has put into an entry', async () => {
    makeEntry('damaged', sha256(ARCHIVE));
    writeFileSync(join(entry, 'mine'), 'precious');
    expect(await store()).toContain('holds what is not of this project, and is left there');
    expect(await take()).toBe(ARCHIVE);
    const aside = readdirSync(join(folder, 'cache')).filter((name) => name !== basename(entry));
    expect(aside.map((name) => readdirSync(join(folder, 'cache', name)))).toEqual([['mine']]);
  });

  it('keep what was taken, whatever becomes of the entry', async () => {
    await store();
    await take();
    await cmake(`file(REMOVE_RECURSE "${entry}")`);
    expect(readFileSync(join(folder, 'taken.a'), 'utf8')).toBe(ARCHIVE);
  });

  it('end with one whole entry where many builds do both at the same time', async () => {
    makeEntry('damaged', sha256(ARCHIVE));
    const builds = Array.from({ length: 8 }, async (_, i) => {
      const taken = await take(`taken-${i}.a`);
      if (taken === undefined) await store();
      return taken ?? ARCHIVE;
    });
    expect(new Set(await Promise.all(builds))).toEqual(new Set([ARCHIVE]));
    expect(await take()).toBe(ARCHIVE);
    expect(readdirSync(join(folder, 'cache'))).toEqual([basename(entry)]);
  });

  it('cost no build where the cache cannot be written', async () => {
    entry = '/proc/no/such/rocksdb-1.2.3-key';
    expect(await store()).toContain('the RocksDB archive is not kept');
    expect(await take()).toBeUndefined();
  });
});
