// What no storage wrote, put on disk beneath one. Every read that meets it is an error with the key in its message;
// nothing is skipped, shortened or guessed at. Each storage is opened on a log of the entries 250 to 259.

import { describe, expect, it } from '@jest/globals';
import {
  AsyncRocksdbStorage,
  type ColumnFamily,
  msgpackCodec,
  RocksdbStorage,
  WriteBatch,
} from '../../../lib/index.js';
import { newColumnFamily } from '../../support/shared-database.js';
import { expectStorageError } from '../../support/storage-failures.js';

const { encode } = msgpackCodec<unknown>();

const hex = (digits: string) => Buffer.from(digits, 'hex');
const logKey = (digits: string) => Buffer.concat([Buffer.from('L/'), hex(digits)]);
/** A value of this release: its version byte, then MessagePack. */
const packed = (value: unknown) => Buffer.concat([Buffer.of(1), encode(value)]);

/** A column family with a log, and what `damage` adds to it. */
async function damaged(damage: (batch: WriteBatch, family: ColumnFamily) => void): Promise<ColumnFamily> {
  const family = await newColumnFamily();
  const log = open(family);
  log.appendOnPrefix(
    250,
    Array.from({ length: 10 }, (_, i) => `entry ${250 + i}`),
  );
  log.close();
  write(family, damage);
  return family;
}

function write(family: ColumnFamily, change: (batch: WriteBatch, family: ColumnFamily) => void): void {
  const batch = new WriteBatch();
  change(batch, family);
  family.database.writeSync(batch);
}

const withRecord = (key: string | Buffer, value: Uint8Array) =>
  damaged((batch, family) => batch.put(family, Buffer.from(key), value));

const open = ({ database, name }: ColumnFamily) => RocksdbStorage.openIn<unknown>(database, name);

const rows = (family: ColumnFamily) => family.database.scanSync(family);

describe('a malformed log key', () => {
  it.each([
    ['of no index', logKey(''), '"L/"'],
    ['of seven bytes, below the log', logKey('00000000000000'), '0x4c2f00000000000000'],
    ['of text', Buffer.from('L/short'), '"L/short"'],
    ['of nine bytes, above the log', logKey('000000000000010300'), '0x4c2f000000000000010300'],
    ['of index 2^53', logKey('0020000000000000'), '0x4c2f0020000000000000'],
    ['of the largest u64', logKey('ffffffffffffffff'), '0x4c2fffffffffffffffff'],
  ])('%s, is found at open', async (_, key, shown) => {
    const family = await withRecord(key, packed('no entry'));
    await expectStorageError(() => open(family), 'LOG_INTEGRITY', shown);
  });

  it('is found at open where it is the only one', async () => {
    const family = await newColumnFamily();
    write(family, (batch) => batch.put(family, logKey('00'), packed('no entry')));
    await expectStorageError(() => open(family), 'LOG_INTEGRITY', '0x4c2f00');
  });

  describe.each([
    ['too short', logKey('00000000000001'), '0x4c2f00000000000001'], // between 255 and 256
    ['too long', logKey('00000000000000ff00'), '0x4c2f00000000000000ff00'],
  ])('in the middle of the log, %s,', (_, key, shown) => {
    it('is found by the reads that pass over it, and by no other', async () => {
      const log = open(await withRecord(key, packed('no entry')));
      await expectStorageError(() => log.getEntries(250, 260), 'LOG_INTEGRITY', shown);
      await expectStorageError(() => log.readPacked(250, 260), 'LOG_INTEGRITY', shown);
      await expectStorageError(() => log.getEntries(255, 257), 'LOG_INTEGRITY', shown);
      await expectStorageError(() => log.getSuffix(0), 'LOG_INTEGRITY', shown);
      expect(log.getEntries(250, 255)).toHaveLength(5);
      expect(log.getEntries(256, 260)).toHaveLength(4);
      expect(log.getSuffix(256)).toHaveLength(4);
    });

    it('is found by a cut that must know what is next to it, and nothing is removed; and by getBounds', async () => {
      // 255 and 256 are missing, so that the damaged key is the neighbour.
      const family = await damaged((batch, family) =>
        batch
          .put(family, key, packed('no entry'))
          .delete(family, logKey('00000000000000ff'))
          .delete(family, logKey('0000000000000100')),
      );
      const before = rows(family);
      const log = open(family);
      await expectStorageError(() => log.appendOnPrefix(257, []), 'LOG_INTEGRITY', shown);
      expect(rows(family)).toEqual(before);
      expect(log.getBounds()).toEqual({ first: 250, next: 260 });
      log.trim(255);
      await expectStorageError(() => log.getBounds(), 'LOG_INTEGRITY', shown);
    });
  });
});

describe.each(['M/decided_idx', 'M/compacted_idx'])('%s', (key) => {
  it.each([
    ['no bytes', '', 'has 0 bytes'],
    ['seven bytes', '00000000000001', 'has 7 bytes'],
    ['nine bytes', '000000000000000001', 'has 9 bytes'],
    ['2^53', '0020000000000000', '9007199254740992'],
    ['the largest u64', 'ffffffffffffffff', '18446744073709551615'],
  ])('of %s is a META error at open', async (_, value, shown) => {
    const family = await withRecord(key, hex(value));
    await expectStorageError(() => open(family), 'META', `"${key}"`, shown);
  });
});

describe('M/decided_idx', () => {
  it('damaged after the open is a META error at the read', async () => {
    const family = await withRecord('M/decided_idx', hex('0000000000000007'));
    const log = open(family);
    expect(log.getDecidedIdx()).toBe(7);
    write(family, (batch) => batch.put(family, Buffer.from('M/decided_idx'), hex('07')));
    await expectStorageError(() => log.getDecidedIdx(), 'META', '"M/decided_idx"');
  });
});

/** What no value of a storage looks like, whatever its codec. */
const unreadable: [string, Buffer, string][] = [
  ['empty', Buffer.alloc(0), 'empty'],
  ['of schema version 0', Buffer.of(0, 1), 'version 0'],
  ['of schema version 2', Buffer.of(2, 1), 'version 2'],
  ['of schema version 255', Buffer.of(255, 1), 'version 255'],
  ['of a version byte only', Buffer.of(1), 'Unexpected end'],
  ['cut off', packed('a longer text').subarray(0, 6), 'Unexpected end'],
  ['followed by another byte', Buffer.concat([packed('a text'), Buffer.of(0)]), 'end of buffer not reached'],
  ['of the byte that MessagePack never uses', Buffer.of(1, 0xc1), '0xc1'],
  ['undefined', packed(undefined), ''],
];

const noBallots: [string, Buffer, string][] = [
  ['no array', packed({ configId: 1, n: 1, priority: 1, pid: 1 }), 'not an array of 4'],
  ['of three fields', packed([1, 2, 3]), 'not an array of 4'],
  ['of five fields', packed([1, 2, 3, 4, 5]), 'not an array of 4'],
  ['with a configId past u32', packed([2 ** 32, 2, 3, 4]), 'configId'],
  ['with a negative n', packed([1, -2, 3, 4]), 'ballot.n'],
  ['with a priority that is no integer', packed([1, 2, 0.5, 4]), 'priority'],
  ['with a pid of text', packed([1, 2, 3, '4']), 'pid'],
  ['with a negative pid', packed([1, 2, 3, -4n]), 'pid'],
  ['with a pid past u64', packed([1, 2, 3, 2n ** 64n]), 'pid'],
  ['with a field that is null', packed([1, null, 3, 4]), 'ballot.n'],
];

describe.each(['M/promise', 'M/accepted_round'])('%s', (key) => {
  it.each([...unreadable, ...noBallots])('%s is a CODEC error at open', async (_, value, shown) => {
    const family = await withRecord(key, value);
    await expectStorageError(() => open(family), 'CODEC', `"${key}"`, shown);
  });
});

describe('M/stopsign', () => {
  it.each([
    ...unreadable,
    ['of three fields', packed([1, [1], null]), 'not an array of 4'],
    ['with a configuration past u32', packed([2 ** 32, [1], null, null]), 'configurationId'],
    ['with nodes that are no array', packed([1, 5, null, null]), ''],
    ['with a node of text', packed([1, [1, 'two'], null, null]), 'nodes[1]'],
    ['with half a quorum', packed([1, [1], [2], null]), 'writeQuorumSize'],
    ['with a quorum that is no array', packed([1, [1], 5, null]), 'readQuorumSize'],
    ['with metadata of text', packed([1, [1], null, 'why']), 'metadata'],
  ])('%s is a CODEC error at open', async (_, value, shown) => {
    const family = await withRecord('M/stopsign', value);
    await expectStorageError(() => open(family), 'CODEC', '"M/stopsign"', shown);
  });
});

describe('M/snapshot', () => {
  it.each(unreadable)('%s is a CODEC error when it is read', async (_, value, shown) => {
    const log = open(await withRecord('M/snapshot', value));
    await expectStorageError(() => log.getSnapshot(), 'CODEC', '"M/snapshot"', shown);
  });

  it('damaged can be replaced', async () => {
    const log = open(await withRecord('M/snapshot', Buffer.of(2)));
    log.setSnapshot('whole again');
    expect(log.getSnapshot()).toBe('whole again');
  });
});

describe('an entry', () => {
  it.each(unreadable)('%s is a CODEC error in every read that reaches it, and in no other', async (_, value, shown) => {
    const log = open(await withRecord(logKey('00000000000000ff'), value));
    const key = '0x4c2f00000000000000ff';
    await expectStorageError(() => log.getEntries(250, 260), 'CODEC', key, shown);
    await expectStorageError(() => log.getEntries(255, 256), 'CODEC', key, shown);
    await expectStorageError(() => log.getSuffix(250), 'CODEC', key, shown);
    await expectStorageError(() => log.getSuffix(255), 'CODEC', key, shown);
    expect(log.getEntries(250, 255)).toHaveLength(5);
    expect(log.getSuffix(256)).toHaveLength(4);
  });

  it('damaged can be cut away', async () => {
    const log = open(await withRecord(logKey('00000000000000ff'), Buffer.of(2)));
    log.appendOnPrefix(255, ['whole again']);
    expect(log.getEntries(255, 256)).toEqual(['whole again']);
  });

  it("keeps its codec's own error as the cause", async () => {
    const failure = new SyntaxError('no such thing');
    const { database, name } = await damaged(() => {});
    const log = RocksdbStorage.openIn(database, name, {
      entryCodec: {
        encode: () => new Uint8Array(1),
        decode() {
          throw failure;
        },
      },
    });
    const error = await expectStorageError(() => log.getSuffix(0), 'CODEC', 'no such thing');
    expect(error.cause).toBe(failure);
  });
});

describe("a record that is no log's, in the same column family,", () => {
  it.each(['A', 'C/x', 'L', 'L.', 'L0', 'M/', 'M/other', 'M/promise2', 'M0', 'S/snapshot', 'Z'])(
    'is found at open: %s',
    async (key) => {
      const family = await withRecord(key, Buffer.from('x'));
      const before = rows(family);
      await expectStorageError(() => open(family), 'META', `"${key}"`, 'no record of a log');
      await expect(AsyncRocksdbStorage.openIn(family.database, family.name)).rejects.toMatchObject({ code: 'META' });
      expect(rows(family)).toEqual(before);
      write(family, (batch) => batch.delete(family, Buffer.from(key)));
      expect(open(family).getBounds()).toEqual({ first: 250, next: 260 });
    },
  );
});
