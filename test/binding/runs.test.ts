// Values under keys that count up: written as one record, read as one page. fast-check prints the seed of a failure.

import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { coreOf } from '../../binding/database.js';
import { type ColumnFamily, RocksError } from '../../binding/index.js';
import { PackedBatch } from '../../binding/packed-batch.js';
import { newColumnFamily } from '../support/shared-database.js';

const HEAD = Buffer.from('v');
/** States of a page: native/core/counted_run.h. */
const NO_ROOM = 3;

function key(counter: bigint, prefix = 'k'): Buffer {
  const bytes = Buffer.alloc(prefix.length + 8);
  bytes.write(prefix);
  bytes.writeBigUInt64BE(counter, prefix.length);
  return bytes;
}

/** `values` from the key `first` on, one record of the batch. */
function addRun(batch: PackedBatch, family: ColumnFamily, first: Buffer, values: readonly Uint8Array[]): void {
  const at = batch.openRun(family, first.length, 1 + HEAD.length);
  batch.bytes.set(first, at);
  batch.bytes[at + first.length] = HEAD.length;
  batch.bytes.set(HEAD, at + first.length + 1);
  for (const value of values) {
    const place = batch.putInRun(value.length); // it may move the bytes
    batch.bytes.set(value, place);
  }
}

function read(page: Buffer) {
  const values: string[] = [];
  let at = 8;
  for (let left = page.readUInt32LE(4); left > 0; left--) {
    const end = at + 4 + page.readUInt32LE(at);
    values.push(page.toString('hex', at + 4, end));
    at = end;
  }
  return { state: page.readUInt32LE(0), values, stranger: page.toString('hex', at) };
}

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const values = fc.array(fc.uint8Array({ maxLength: 20 }), { minLength: 1, maxLength: 8 });

/** Makes the family hold nothing but the two runs. */
function write(family: ColumnFamily, ...runs: [first: Buffer, values: readonly Uint8Array[]][]): void {
  const batch = new PackedBatch();
  batch.deleteRange(family, Buffer.alloc(0), Buffer.from('z'));
  for (const [first, some] of runs) addRun(batch, family, first, some);
  batch.put(family, Buffer.from('kk'), Buffer.from('beside'));
  coreOf(family.database).writeSync(batch, false);
}

describe('a run', () => {
  it('puts each of its values under the next key, beside other records', async () => {
    const family = await newColumnFamily();
    await fc.assert(
      fc.asyncProperty(fc.bigInt({ min: 0n, max: 2n ** 56n }), values, values, async (counter, some, others) => {
        write(family, [key(counter), some], [key(255n, 'other'), others]);
        const expected = [
          ...some.map((value, i) => [key(counter + BigInt(i)), value] as const),
          ...others.map((value, i) => [key(255n + BigInt(i), 'other'), value] as const),
        ].map(([key, value]) => [hex(key), hex(Buffer.concat([HEAD, value]))]);
        const rows = family.database.scanSync(family).filter(({ key }) => `${key}` !== 'kk');
        expect(rows.map(({ key, value }) => [hex(key), hex(value)])).toEqual(expected);
      }),
      { numRuns: 60 },
    );
  });

  const malformed: [string, (batch: PackedBatch, family: ColumnFamily) => void][] = [
    ['no value', (batch, family) => addRun(batch, family, key(0n), [])],
    ['a key too short to count', (batch, family) => addRun(batch, family, Buffer.from('short'), [HEAD])],
    ['keys past the largest', (batch, family) => addRun(batch, family, key(2n ** 64n - 1n), [HEAD, HEAD])],
    [
      'a length past its end',
      (batch, family) => {
        addRun(batch, family, key(0n), [HEAD]);
        batch.view.setUint32(batch.byteLength - 5, 2, true);
      },
    ],
    [
      'a head past its end',
      (batch, family) => {
        addRun(batch, family, key(0n), [HEAD]);
        batch.bytes[13 + key(0n).length] = 255;
      },
    ],
  ];
  it.each(malformed)('with %s is refused, and nothing of its batch is written', async (_, add) => {
    const family = await newColumnFamily();
    const batch = new PackedBatch();
    batch.put(family, key(9n), HEAD);
    const bad = new PackedBatch();
    add(bad, family);
    batch.addAll(bad);
    const core = coreOf(family.database);
    const writes = [
      () => core.writeSync(batch, false),
      () => core.write(batch, { sync: false, writer: 0, behindReads: false }),
    ];
    for (const write of writes) {
      expect(write).toThrow(RocksError);
      expect(write).toThrow(/malformed/);
    }
    expect(family.database.scanSync(family)).toEqual([]);
  });

  it('is read up to the first row that does not go on with it, in pages and memory of any size', async () => {
    const family = await newColumnFamily();
    const core = coreOf(family.database);
    const [first, end] = [key(5n), key(100n)];
    const anyRoom = fc.integer({ min: 8, max: 120 });
    const runs = fc.asyncProperty(values, values, fc.integer({ min: 1, max: 60 }), anyRoom, check);
    await fc.assert(runs, { numRuns: 60 });

    async function check(some: Uint8Array[], behind: Uint8Array[], pageBytes: number, room: number): Promise<void> {
      write(family, [first, some], [key(6n + BigInt(some.length)), behind]); // behind a gap
      const expected: string[] = [];
      for (let bytes = 0, i = 0; i < some.length && bytes < pageBytes; i++) {
        expected.push(hex(some[i] as Uint8Array));
        bytes += HEAD.length + (some[i] as Uint8Array).length;
      }
      const later = read(await core.readRunBehindWrites(family, first, end, HEAD, pageBytes).next());
      expect(later.values).toEqual(expected);

      const memory = Buffer.alloc(room + 16, 0xee);
      const length = core.readRunSync(family, first, end, HEAD, pageBytes, memory.subarray(0, room));
      expect(hex(memory.subarray(room))).toBe('ee'.repeat(16)); // nothing behind what it was given
      if (length > room) {
        const needed = Buffer.alloc(length);
        expect(core.readRunSync(family, first, end, HEAD, pageBytes, needed)).toBeLessThanOrEqual(length);
        return;
      }
      const now = read(memory.subarray(0, length));
      if (now.state === NO_ROOM) expect(now.values).toEqual(expected.slice(0, now.values.length));
      else expect(now).toEqual(later);
    }
  });
});
