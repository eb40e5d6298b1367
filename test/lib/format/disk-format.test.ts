// What a storage writes, byte for byte: a later release must be able to read it.

import { describe, expect, it } from '@jest/globals';
import { rawCodec } from '../../../lib/format/raw-codec.js';
import { type ColumnFamily, msgpackCodec, RocksdbStorage } from '../../../lib/index.js';
import { newColumnFamily } from '../../support/shared-database.js';

const stored = (family: ColumnFamily) =>
  Object.fromEntries(
    family.database.scanSync(family).map(({ key, value }) => [key.toString('latin1'), value.toString('hex')]),
  );

describe('on disk', () => {
  it('there is nothing before the first write', async () => {
    const family = await newColumnFamily();
    RocksdbStorage.openIn(family.database, family.name);
    expect(stored(family)).toEqual({});
  });

  it('a raw entry is a version byte and its bytes, a msgpackr one a version byte and MessagePack', async () => {
    const raw = await newColumnFamily();
    RocksdbStorage.openIn(raw.database, raw.name, { entryCodec: rawCodec }).appendEntries([
      Buffer.from('abc'),
      new Uint8Array(0),
    ]);
    expect(stored(raw)).toEqual({ 'L/\0\0\0\0\0\0\0\0': '01616263', 'L/\0\0\0\0\0\0\0\u0001': '01' });

    const packed = await newColumnFamily();
    RocksdbStorage.openIn(packed.database, packed.name).appendEntry(['a', 5]);
    expect(stored(packed)).toEqual({ 'L/\0\0\0\0\0\0\0\0': '0192a16105' });
  });

  it('entries are what their codec makes of them, of whatever length', async () => {
    const lengths = [...Array(40).keys(), 127, 128, 129, 505, ...Array.from({ length: 12 }, (_, i) => 506 + i)];
    const entries = [...lengths, 5000, 70_000, 3, 5_000_000, 12].map((length) => '.'.repeat(length));
    const encoded = entries.map((entry) => `01${Buffer.from(msgpackCodec().encode(entry)).toString('hex')}`);

    const together = await newColumnFamily();
    RocksdbStorage.openIn(together.database, together.name).appendEntries(entries);
    expect(Object.values(stored(together))).toEqual(encoded);

    const apart = await newColumnFamily();
    const log = RocksdbStorage.openIn(apart.database, apart.name);
    for (const entry of entries) log.appendEntry(entry);
    expect(Object.values(stored(apart))).toEqual(encoded);
  });

  it('the meta records are as the tables in lib/ say', async () => {
    const family = await newColumnFamily();
    const log = RocksdbStorage.openIn(family.database, family.name);
    log.setPromise({ configId: 1, n: 2, priority: 3, pid: 2n ** 64n - 1n });
    log.setAcceptedRound({ configId: 1, n: 2, priority: 3, pid: 4 });
    log.setDecidedIdx(2 ** 32 + 1);
    log.setCompactedIdx(255);
    log.setSnapshot('abc');
    log.setStopsign({
      nextConfig: { configurationId: 7, nodes: [1, 2], flexibleQuorum: { readQuorumSize: 2, writeQuorumSize: 1 } },
      metadata: Uint8Array.of(9),
    });
    expect(stored(family)).toEqual({
      'M/promise': '0194010203cfffffffffffffffff',
      'M/accepted_round': '019401020304',
      'M/decided_idx': '0000000100000001',
      'M/compacted_idx': '00000000000000ff',
      'M/snapshot': '01a3616263',
      'M/stopsign': '019407920102920201c40109',
    });
    log.setStopsign({ nextConfig: { configurationId: 7, nodes: [] } });
    log.setSnapshot(undefined);
    expect(stored(family)).toMatchObject({ 'M/stopsign': '01940790c0c0' });
    expect(stored(family)).not.toHaveProperty(['M/snapshot']);
  });
});
