// What holds bytes is copied in and out as well, as what a suite may ask of any storage.

import { describe, expect, it } from '@jest/globals';
import { rawCodec } from '../../../../lib/format/raw-codec.js';
import { STORAGES } from '../../../support/storages.js';

interface Flight {
  origin: string;
  tags: string[];
  bytes: Uint8Array;
  digest: ArrayBuffer;
}

const flight = (): Flight => ({
  origin: 'SEA',
  tags: ['late'],
  bytes: Uint8Array.of(1, 2, 3),
  digest: Uint8Array.of(4, 5, 6).buffer,
});

function spoil(value: Flight): void {
  value.origin = 'LAX';
  value.tags.push('spoilt');
  value.bytes.fill(9);
  new Uint8Array(value.digest).fill(9);
}

describe.each(STORAGES)('$name', ({ givenWith }) => {
  it('is not changed by a change of an entry after its append', async () => {
    const entries = [flight(), flight()];
    const log = await givenWith<Flight, unknown>(
      {},
      (log) => log.appendEntries(entries),
      () => {
        for (const entry of entries) spoil(entry);
        entries.push(flight());
      },
    );
    expect(await log.getSuffix(0)).toStrictEqual([flight(), flight()]);
  });

  it('is not changed by a change of the operations after the call', async () => {
    const entries = [flight()];
    const ops = [{ type: 'appendEntries' as const, entries }];
    const log = await givenWith<Flight, unknown>(
      {},
      (log) => log.writeAtomically(ops),
      () => {
        for (const entry of entries) spoil(entry);
        ops.length = 0;
      },
    );
    expect(await log.getSuffix(0)).toStrictEqual([flight()]);
  });

  it('gives a fresh copy of an entry at each read', async () => {
    const log = await givenWith<Flight, unknown>({}, (log) => log.appendEntries([flight(), flight()]));
    for (const entry of await log.getEntries(0, 2)) spoil(entry);
    for (const entry of await log.getSuffix(0)) spoil(entry);
    expect(await log.getEntries(0, 2)).toStrictEqual([flight(), flight()]);
    expect(await log.getSuffix(0)).toStrictEqual([flight(), flight()]);
  });

  it('gives entries that share nothing with each other', async () => {
    const log = await givenWith<Flight, unknown>({}, (log) => log.appendEntries([flight(), flight()]));
    const [first, second] = (await log.getEntries(0, 2)) as [Flight, Flight];
    spoil(first);
    expect(second).toStrictEqual(flight());
  });

  it('copies raw bytes in and out', async () => {
    const entry = Uint8Array.of(1, 2, 3);
    const log = await givenWith(
      { entryCodec: rawCodec, snapshotCodec: rawCodec },
      (log) => log.appendEntries([entry, entry]),
      (log) => log.setSnapshot(entry),
      () => entry.fill(9),
    );
    const read = await log.getEntries(0, 2);
    expect(read).toEqual([Buffer.of(1, 2, 3), Buffer.of(1, 2, 3)]);
    read[0]?.fill(7);
    (await log.getSnapshot())?.fill(7);
    expect(read[1]).toEqual(Buffer.of(1, 2, 3));
    expect(await log.getSuffix(0)).toEqual([Buffer.of(1, 2, 3), Buffer.of(1, 2, 3)]);
    expect(await log.getSnapshot()).toEqual(Buffer.of(1, 2, 3));
  });

  it('copies snapshots in and out', async () => {
    const snapshot = flight();
    const log = await givenWith<unknown, Flight>(
      {},
      (log) => log.setSnapshot(snapshot),
      () => spoil(snapshot),
    );
    const read = (await log.getSnapshot()) as Flight;
    expect(read).toStrictEqual(flight());
    spoil(read);
    expect(await log.getSnapshot()).toStrictEqual(flight());
  });
});
