// What does not read back as it was written: it must be an error that says where, never short or wrong data.

import { beforeEach, describe, expect, it } from '@jest/globals';
import { chunksOf, manifestKey } from '../../../lib/format/snapshot-keys.js';
import { decodeManifest, encodeManifest } from '../../../lib/format/snapshot-records.js';
import { type Row, type StorageErrorCode, WriteBatch } from '../../../lib/index.js';
import {
  CHUNK_BYTES,
  chunkKeys,
  content,
  drained,
  names,
  newStore,
  type OpenStore,
  storeOn,
} from '../../support/snapshots.js';
import { expectStorageError } from '../../support/storage-failures.js';
import { openAt } from '../../support/temporary-database.js';

const CHUNKS = 5;

let opened: OpenStore;
let rows: Row[];
beforeEach(async () => {
  opened = await newStore();
  await opened.store.put('a', 1, content((CHUNKS - 1) * CHUNK_BYTES + 10));
  await opened.store.put('b', 1, content(CHUNKS * CHUNK_BYTES, 2));
  rows = await opened.db.scan(opened.family, chunksOf(1));
});

const put = (key: Buffer, value: Buffer) => opened.db.writeSync(new WriteBatch().put(opened.family, key, value));
const remove = (key: Buffer) => opened.db.writeSync(new WriteBatch().delete(opened.family, key));
const row = (number: number) => rows[number] as Row;
const changed = (value: Buffer, at: number, byte: number) => {
  const copy = Buffer.from(value);
  copy[at] = byte;
  return copy;
};

/** Both ways of reading fail, and what the stream gave before is what was there. */
async function expectDamage(code: StorageErrorCode, before: number, ...words: string[]): Promise<void> {
  await expectStorageError(() => opened.store.get('a'), code, '"a"', ...words);
  const given: Buffer[] = [];
  await expectStorageError(
    async () => {
      for await (const chunk of await opened.store.open('a')) given.push(chunk);
    },
    code,
    '"a"',
    ...words,
  );
  expect(Buffer.concat(given)).toEqual(content(before));
  expect(await drained(await opened.store.open('b'))).toEqual(content(CHUNKS * CHUNK_BYTES, 2));
}

describe('a chunk', () => {
  it.each([0, 2, CHUNKS - 1])('number %i with one byte changed is refused by its number and key', async (number) => {
    const { key, value } = row(number);
    const last = value.length - 1;
    put(key, changed(value, last, (value[last] as number) ^ 1));
    const words = [`chunk ${number}`, `0x${key.toString('hex')}`, 'checksum'];
    await expectDamage('CODEC', number * CHUNK_BYTES, ...words);
  });

  it.each([0, 2, CHUNKS - 1])('number %i that is missing is an error, also at the end', async (number) => {
    remove(row(number).key);
    await expectDamage('META', number * CHUNK_BYTES, `chunk ${number}`, 'missing');
  });

  it('with the bytes of another, checksum and all, is refused', async () => {
    put(row(1).key, Buffer.from(row(2).value));
    await expectDamage('CODEC', CHUNK_BYTES, 'chunk 1', 'checksum');
    const [other] = await opened.db.scan(opened.family, chunksOf(2));
    put(row(1).key, (other as Row).value);
    await expectDamage('CODEC', CHUNK_BYTES, 'chunk 1', 'checksum');
  });

  it.each<[string, (value: Buffer) => Buffer, string]>([
    ['of another schema version', (value) => changed(value, 0, 9), 'schema version 9'],
    ['that is empty', () => Buffer.alloc(0), '0 bytes'],
    ['cut to its header', (value) => value.subarray(0, 5), '5 bytes'],
    ['cut short', (value) => value.subarray(0, 500), 'checksum'],
  ])('%s is refused', async (_, damage, words) => {
    put(row(3).key, damage(row(3).value));
    await expectDamage('CODEC', 3 * CHUNK_BYTES, 'chunk 3', words);
  });

  it('behind the last is refused', async () => {
    const { key } = row(CHUNKS - 1);
    put(changed(key, key.length - 1, CHUNKS), row(0).value);
    await expectDamage('META', (CHUNKS - 1) * CHUNK_BYTES + 10, `chunk ${CHUNKS}`, `has ${CHUNKS} chunks`);
  });
});

describe('a manifest', () => {
  const key = manifestKey('a');
  const stored = () => opened.db.getSync(opened.family, key) as Buffer;
  /** With a checksum that matches. */
  const rewritten = (change: object) => encodeManifest(key, { ...decodeManifest(key, stored()), ...change });

  it.each<[string, () => Buffer, string]>([
    ['of another schema version', () => changed(stored(), 0, 7), 'schema version 7'],
    ['that is empty', () => Buffer.alloc(0), '0 bytes'],
    ['that is cut short', () => stored().subarray(0, 9), 'checksum'],
    ['with one bit changed', () => changed(stored(), 7, (stored()[7] as number) ^ 1), 'checksum'],
    ['of another name', () => opened.db.getSync(opened.family, manifestKey('b')) as Buffer, 'checksum'],
    ['with a negative field', () => rewritten({ index: -1 }), 'integer'],
    ['with chunks of no bytes', () => rewritten({ chunkBytes: 0 }), 'chunks of 0 bytes'],
    ['from after the end of time', () => rewritten({ createdAt: 9e15 }), 'no date'],
  ])('%s is refused by its key, and hides no other', async (_, damage, words) => {
    const damaged = damage();
    put(key, damaged);
    const refused = async () => {
      const { store } = opened;
      const calls = [() => store.get('a'), () => store.list(), () => store.latest(), () => store.prune({ keep: 1 })];
      for (const call of calls) await expectStorageError(call, 'CODEC', '"S/a"', words);
      await expectStorageError(() => store.put('a', 2, content(1), { overwrite: false }), 'INVALID_ARGUMENT', '"a"');
      expect(await store.get('b')).toEqual(content(CHUNKS * CHUNK_BYTES, 2));
    };
    await refused();
    opened = await reopened();
    await refused();

    await opened.store.put('a', 2, content(10));
    expect(await opened.store.get('a')).toEqual(content(10));
    opened.db.writeSync(new WriteBatch().put(opened.family, key, damaged));
    await opened.store.delete('a');
    expect(names(await opened.store.list())).toEqual(['b']);
    // With every manifest whole again, the chunks of the damaged ones are known to be nobody's.
    opened = await reopened();
    expect(await chunkKeys(opened)).toHaveLength(CHUNKS);
  });

  it.each<[string, object, string, number]>([
    ['of another whole', { checksum: 1 }, 'the whole', (CHUNKS - 1) * CHUNK_BYTES + 10],
    ['of another length', { byteLength: 4011 }, 'chunk 4', 4000],
    ['of other chunks', { chunkBytes: 999 }, 'chunk 0', 0],
  ])('%s is found out by what was read', async (_, change, words, before) => {
    put(key, rewritten(change));
    await expectDamage('CODEC', before, words);
  });

  it.each<[string, Buffer]>([
    ['without a name', Buffer.from('S/')],
    ['with a name that is too long', Buffer.from(`S/${'x'.repeat(256)}`)],
    ['with a name that is no UTF-8', Buffer.from([0x53, 0x2f, 0xff])],
  ])('%s is refused', async (_, malformed) => {
    put(malformed, stored());
    await expectStorageError(() => opened.store.list(), 'META', 'malformed key');
    await expectStorageError(() => reopened(), 'META', 'malformed key');
  });
});

describe('a key that is no snapshot’s', () => {
  it.each<[string, string]>([
    ['before the chunks', 'A'],
    ['between', 'D'],
    ['behind', 'T'],
    ['among the chunks', 'C/1'],
  ])('%s is refused at open, by name', async (_, key) => {
    put(Buffer.from(key), Buffer.from('x'));
    await expectStorageError(() => reopened(), 'META', `"${key}"`);
  });
});

async function reopened(): Promise<OpenStore> {
  const { path } = opened.db;
  await opened.db.close();
  opened.db = await openAt(path);
  return storeOn(opened.db);
}
