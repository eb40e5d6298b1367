// Readers of a runner: decided entries at their own pace, and who leads.

import { afterEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { DecidedBatch } from '../../../lib/consensus/index.js';
import { rawCodec } from '../../../lib/index.js';
import { failureOf } from '../../support/failures.js';
import { CLUSTER, entriesOf, Runners, settled, take } from '../../support/runners.js';

let opened: Runners[] = [];
afterEach(async () => {
  await Promise.all(opened.map((runners) => runners.stop()));
  opened = [];
});

/** Three runners that have decided `count` entries, named by their indices, one led by the pid that is returned. */
async function decidedBefore(count: number): Promise<{ runners: Runners; leader: number }> {
  const runners = await Runners.three();
  opened.push(runners);
  const leader = await runners.elect();
  await decide(runners, leader, 0, count);
  return { runners, leader };
}

/** A thousand in a step: memory lets go of whole steps. */
async function decide(runners: Runners, leader: number, from: number, to: number): Promise<void> {
  for (let i = from; i < to; i++) {
    runners.at(leader).append(`${i}`);
    if (i % 1000 === 999) await runners.tick();
  }
  await runners.tick(5);
}

const entriesIn = (batch: DecidedBatch<string>) => ('entries' in batch ? batch.entries : []);
const names = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => `${from + i}`);

describe('decided', () => {
  it('gives each entry once and in order, from any index, from memory and from the log', async () => {
    // Memory holds 4,096 entries: of 6,000 the first are in the log alone, and after a restart all of them.
    const { runners, leader } = await decidedBefore(6000);
    const follower = CLUSTER.nodes.find((pid) => pid !== leader) as number;
    await runners.restart(follower);
    await runners.elect();
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 5999 }), fc.constantFrom(leader, follower), async (from, pid) => {
        const items = await take(runners.at(pid).decided(from), 6000 - from);
        expect(items[0]?.index).toBe(from);
        expect(entriesOf(items)).toEqual(names(from, 6000));
      }),
      { numRuns: 12 },
    );
  });

  it('gives the same in batches, from any index, from memory and from the log', async () => {
    const { runners, leader } = await decidedBefore(6000);
    const follower = CLUSTER.nodes.find((pid) => pid !== leader) as number;
    await runners.restart(follower);
    await runners.elect();
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 5999 }), fc.constantFrom(leader, follower), async (from, pid) => {
        const read: string[] = [];
        for await (const batch of runners.at(pid).decidedBatches(from)) {
          expect(batch.index).toBe(from + read.length);
          const entries = entriesIn(batch);
          expect(entries.length).toBeGreaterThan(0);
          read.push(...entries);
          if (read.length === 6000 - from) break;
        }
        expect(read).toEqual(names(from, 6000));
      }),
      { numRuns: 8 },
    );
  });

  it('gives in batches the stop-sign by itself, and ends behind it', async () => {
    const { runners, leader } = await decidedBefore(3);
    runners.at(leader).reconfigure({ configurationId: 2, nodes: [1, 2] });
    await runners.tick(8);
    const batches: DecidedBatch<string>[] = [];
    for await (const batch of runners.at(leader).decidedBatches(1)) batches.push(batch);
    const stopsign = expect.objectContaining({ nextConfig: expect.objectContaining({ configurationId: 2 }) });
    expect(batches.at(-1)).toEqual({ index: 3, stopsign });
    expect(batches.flatMap(entriesIn)).toEqual(['1', '2']);
  });

  it('gives in batches what lies before an entry that cannot be read, and then says which', async () => {
    let isBroken = false;
    const entryCodec = {
      encode: (entry: string) => Buffer.from(entry),
      decode(bytes: Uint8Array) {
        const entry = Buffer.from(bytes).toString();
        if (entry === '5' && isBroken) throw new Error('not this one');
        return entry;
      },
    };
    const runners = await Runners.three({ entryCodec });
    opened.push(runners);
    const leader = await runners.elect();
    await decide(runners, leader, 0, 9);
    isBroken = true;
    const read: string[] = [];
    const failure = await failureOf(async () => {
      for await (const batch of runners.at(leader).decidedBatches(0)) read.push(...entriesIn(batch));
    });
    expect(read).toEqual(names(0, 5));
    expect(failure).toMatchObject({ code: 'STORAGE_FAILED', message: expect.stringContaining('entry 5') });
  });

  it('gives bytes to be kept and changed, one by one and in batches', async () => {
    const given = [1, 7, 5000, 0, 20_000, 3].map((length, i) => Buffer.alloc(length, i + 1));
    const runners = await Runners.three({ entryCodec: rawCodec as never });
    opened.push(runners);
    const leader = await runners.elect();
    for (const entry of given) runners.at(leader).append(entry as never);
    await runners.tick(5);
    for (let round = 0; round < 2; round++) {
      const items = entriesOf(await take(runners.at(leader).decided(0), given.length));
      const batches = (await take(runners.at(leader).decidedBatches(0), 1)).flatMap(entriesIn);
      expect(items).toEqual(given);
      expect(batches).toEqual(given);
      for (const mine of [...items, ...batches] as never as Buffer[]) mine.fill(0);
    }
  });

  it('lets consensus go on before a reader that is slow, which then reads on in the log', async () => {
    const { runners, leader } = await decidedBefore(10);
    const slow = runners.at(leader).decided(0);
    const quick = runners.at(leader).decided(0);
    expect(entriesOf(await take(slow, 3))).toEqual(names(0, 3));
    await decide(runners, leader, 10, 5010);
    expect(runners.at(leader).decidedIdx).toBe(5010);
    expect(entriesOf(await take(quick, 5010))).toEqual(names(0, 5010));
    expect(entriesOf(await take(slow, 5007))).toEqual(names(3, 5010));
  });

  it('waits for what is not decided yet, past the end too', async () => {
    const { runners, leader } = await decidedBefore(1);
    const waiting = runners.at(leader).decided(2).next();
    for (const entry of ['1', '2']) runners.at(leader).append(entry);
    await runners.tick(4);
    expect((await waiting).value).toEqual({ index: 2, entry: '2' });
  });

  it('names the floor where the entry has been compacted, at first and in the middle', async () => {
    const { runners, leader } = await decidedBefore(5000);
    const reader = runners.at(leader).decided(1500);
    await reader.next();
    await runners.storage(leader).compact(4000);
    await runners.tick();
    const compacted = { code: 'INVALID_ARGUMENT', message: expect.stringContaining('begins at 4000') };
    expect(await failureOf(() => runners.at(leader).decided(3999).next())).toMatchObject(compacted);
    const rest = await failureOf(() => take(reader, 3499));
    expect(rest).toMatchObject(compacted);
    expect((await take(runners.at(leader).decided(4000), 1))[0]).toEqual({ index: 4000, entry: '4000' });
  });

  it('tells its reader alone where the log cannot be read', async () => {
    const { runners, leader } = await decidedBefore(5000);
    const own = runners.storage(leader);
    const { getEntries } = own;
    own.getEntries = () => Promise.reject(new Error('the disk is slow'));
    expect(await failureOf(() => runners.at(leader).decided(0).next())).toMatchObject({
      code: 'STORAGE_FAILED',
      message: expect.stringContaining('the disk is slow'),
    });
    own.getEntries = getEntries;
    expect((await take(runners.at(leader).decided(0), 1))[0]).toEqual({ index: 0, entry: '0' });
  });

  it('ends by return and by its signal, while it waits and while it reads', async () => {
    const { runners, leader } = await decidedBefore(1);
    const controller = new AbortController();
    const { signal } = controller;
    const aborted = failureOf(() => runners.at(leader).decided(1, { signal }).next());
    const returned = runners.at(leader).decided(1);
    const waiting = returned.next();
    await returned.return?.();
    expect((await waiting).done).toBe(true);
    await settled();
    controller.abort(new Error('enough'));
    expect(await aborted).toMatchObject({ message: 'enough' });
    expect(await failureOf(() => runners.at(leader).decided(0, { signal }).next())).toMatchObject({
      message: 'enough',
    });
  });

  it('refuses what is no index and no signal', async () => {
    const { runners, leader } = await decidedBefore(0);
    const invalid = expect.objectContaining({ code: 'INVALID_ARGUMENT' });
    expect(() => runners.at(leader).decided(-1)).toThrow(invalid);
    expect(() => runners.at(leader).decided(0, { signal: 1 as never })).toThrow(invalid);
    expect(() => runners.at(leader).leadershipChanges({ signals: 1 } as never)).toThrow(invalid);
  });
});

describe('leadershipChanges', () => {
  it('gives the current state, then each change, and a slow reader the latest only', async () => {
    const { runners, leader } = await decidedBefore(0);
    const quick = runners.at(leader).leadershipChanges();
    const slow = runners.at(leader).leadershipChanges();
    const first = runners.at(leader).leadership;
    expect((await quick.next()).value).toEqual(first);
    expect((await slow.next()).value).toEqual(first);
    const seen: unknown[] = [];
    for (let i = 0; i < 2; i++) {
      const next = quick.next();
      // Whoever leads is cut off: another is elected, and this one learns of it.
      const leads = CLUSTER.nodes.find((pid) => runners.at(pid).leadership.role === 'leader') as number;
      runners.network.partition.isolate(leads);
      await runners.elect(CLUSTER.nodes.filter((pid) => pid !== leads));
      runners.network.partition.heal();
      for (const peer of CLUSTER.nodes.filter((pid) => pid !== leads)) {
        runners.at(peer).connected(leads);
        runners.at(leads).connected(peer);
      }
      await runners.elect();
      seen.push((await next).value);
    }
    expect(seen).toHaveLength(2);
    expect((await slow.next()).value).toEqual(runners.at(leader).leadership);
    const nothing = slow.next();
    await slow.return?.();
    expect((await nothing).done).toBe(true);
  });
});
