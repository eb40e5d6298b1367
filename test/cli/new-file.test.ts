// What else lies in a folder stays as it is, whenever a file is written there.

import fs, { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { beforeEach, describe, expect, it, jest } from '@jest/globals';
import { failureOf } from '../support/failures.js';
import { temporaryFolder } from '../support/temporary-folder.js';

/** What the file system says to a hard link; undefined where it makes one. */
let linkFailure: string | undefined;
const { link } = fs.promises;
jest.unstable_mockModule('node:fs/promises', () => ({
  ...fs.promises,
  link: async (from: string, to: string) => {
    if (linkFailure === undefined) return link(from, to);
    throw Object.assign(new Error(linkFailure), { code: linkFailure });
  },
}));
const { writeNewFile } = await import('../../cli/new-file.js');

let folder: string;
let path: string;
beforeEach(() => {
  linkFailure = undefined;
  folder = temporaryFolder();
  path = join(folder, 'file');
});

const bytes = Buffer.alloc(300_000, 'bytes');

/** Calls `meanwhile` once the first half has been written. */
function source(meanwhile: () => void): Readable {
  return Readable.from(
    (async function* () {
      yield bytes.subarray(0, 200_000);
      await new Promise(setImmediate);
      meanwhile();
      yield bytes.subarray(200_000);
    })(),
  );
}

describe.each<[string, string | undefined]>([
  ['with hard links', undefined],
  ['without', 'EPERM'],
  ['without, in other words', 'ENOTSUP'],
])('on a file system %s', (_, failure) => {
  beforeEach(() => {
    linkFailure = failure;
  });

  it('a new file is there once it is complete, and alone', async () => {
    await writeNewFile(
      path,
      source(() => expect(existsSync(path)).toBe(false)),
    );
    expect(readFileSync(path).equals(bytes)).toBe(true);
    expect(readdirSync(folder)).toEqual(['file']);
  });

  it.each<[string, () => void]>([
    ['a file', () => writeFileSync(path, 'mine')],
    ['a folder', () => mkdirSync(path)],
    ['a link to nothing', () => symlinkSync(join(folder, 'nothing'), path)],
  ])('%s that takes the name stays, before the work and during it', async (_what, make) => {
    const outcome = await failureOf(() => writeNewFile(path, source(make)));
    expect(outcome).toMatchObject({ message: `export to ${path}: there is a file already` });
    expect(readdirSync(folder)).toEqual(['file']);
    const untouched = source(() => {});
    expect(await failureOf(() => writeNewFile(path, untouched))).toEqual(outcome);
    expect(untouched.destroyed).toBe(true);
    expect(readdirSync(folder)).toEqual(['file']);
    if (fs.lstatSync(path).isFile()) expect(readFileSync(path, 'utf8')).toBe('mine');
  });

  it('a source that fails leaves nothing, and what others have left stays', async () => {
    const others = ['file.partial', `file.${process.pid}.partial`, 'file.0123456789ab.partial'];
    for (const name of others) writeFileSync(join(folder, name), 'mine');
    const broken = source(() => {
      throw new Error('the source is broken');
    });
    expect(await failureOf(() => writeNewFile(path, broken))).toMatchObject({ message: 'the source is broken' });
    expect(readdirSync(folder).sort()).toEqual(others.sort());
    for (const name of others) expect(readFileSync(join(folder, name), 'utf8')).toBe('mine');
  });
});

it('what the file system fails with is passed on, and nothing is left', async () => {
  linkFailure = 'EIO';
  expect(
    await failureOf(() =>
      writeNewFile(
        path,
        source(() => {}),
      ),
    ),
  ).toMatchObject({ code: 'EIO' });
  expect(readdirSync(folder)).toEqual([]);
  const nowhere = join(folder, 'none', 'file');
  const untouched = source(() => {});
  expect(await failureOf(() => writeNewFile(nowhere, untouched))).toMatchObject({ code: 'ENOENT' });
  expect(untouched.destroyed).toBe(true);
});
