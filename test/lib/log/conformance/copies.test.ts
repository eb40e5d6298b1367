// What a storage was given and what it gives back are the caller's: changing them changes nothing that is stored.

import { describe, expect, it } from '@jest/globals';
import { rawCodec } from '../../../../lib/format/raw-codec.js';
import type { StopSign } from '../../../../lib/index.js';
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

const stopsign = (): StopSign => ({
  nextConfig: { configurationId: 2, nodes: [1, 2], flexibleQuorum: { readQuorumSize: 2, writeQuorumSize: 1 } },
  metadata: Uint8Array.of(1, 2, 3),
});

describe.each(STORAGES)('$name', ({ given, givenWith }) => {
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

  it('copies ballots in and out', async () => {
    const ballot = { configId: 1, n: 2, priority: 3, pid: 4 };
    const log = await given(
      (log) => log.setPromise(ballot),
      (log) => log.setAcceptedRound(ballot),
      () => {
        ballot.n = 9;
      },
    );
    const read = { promise: await log.getPromise(), round: await log.getAcceptedRound() };
    expect(read.promise).toEqual({ configId: 1, n: 2, priority: 3, pid: 4 });
    Object.assign(read.promise ?? {}, { n: 8 });
    Object.assign(read.round ?? {}, { n: 8 });
    expect(await log.getPromise()).toEqual({ configId: 1, n: 2, priority: 3, pid: 4 });
    expect(await log.getAcceptedRound()).toEqual({ configId: 1, n: 2, priority: 3, pid: 4 });
  });

  it('copies stop-signs in and out', async () => {
    const mine = stopsign();
    const log = await given(
      (log) => log.setStopsign(mine),
      () => {
        mine.nextConfig.nodes.push(3);
        mine.metadata?.fill(9);
      },
    );
    const read = (await log.getStopsign()) as StopSign;
    expect(read).toEqual(stopsign());
    read.nextConfig.nodes.push(3);
    read.metadata?.fill(9);
    expect(await log.getStopsign()).toEqual(stopsign());
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

  it('gives bounds that can be changed without harm', async () => {
    const log = await given((log) => log.appendEntry('a'));
    Object.assign(await log.getBounds(), { first: 7, next: 9 });
    expect(await log.getBounds()).toEqual({ first: 0, next: 1 });
  });
});
