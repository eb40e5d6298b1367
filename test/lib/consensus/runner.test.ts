// A runner's life: how it starts, what it shows and when, how it ends.

import { afterEach, describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import { DatabaseCore } from '../../../binding/database-core.js';
import { PaxosRunner } from '../../../lib/consensus/index.js';
import { AsyncMemStorage, AsyncRocksdbStorage, MemStorage, RocksError, rawCodec } from '../../../lib/index.js';
import { failureOf } from '../../support/failures.js';
import { CLUSTER, entriesOf, HeldStorage, Runners, settled, take } from '../../support/runners.js';
import { temporaryDatabase } from '../../support/temporary-database.js';

let opened: Runners[] = [];
afterEach(async () => {
  await Promise.all(opened.map((runners) => runners.stop()));
  opened = [];
});

async function three(): Promise<Runners> {
  const runners = await Runners.three();
  opened.push(runners);
  return runners;
}

const storage = () => new AsyncMemStorage<Uint8Array>({ entryCodec: rawCodec });
const server = { pid: 1 };

describe('open', () => {
  it('refuses a storage without a promise as a lost disk, and makes a replica on it once told to', async () => {
    const own = storage();
    const options = { cluster: CLUSTER, server, storage: own };
    expect(await failureOf(() => PaxosRunner.open(options))).toMatchObject({ code: 'LOST_DISK' });
    expect(await own.getPromise()).toBeUndefined();
    await (await PaxosRunner.open({ ...options, bootstrap: true })).stop();
    expect(await own.getPromise()).toBeDefined();
    await (await PaxosRunner.open(options)).stop();
    const again = await failureOf(() => PaxosRunner.open({ ...options, bootstrap: true }));
    expect(again).toMatchObject({ code: 'INVALID_ARGUMENT', message: expect.stringContaining('leave bootstrap out') });
  });

  it('does not make a replica where one has accepted something', async () => {
    const own = storage();
    await own.setAcceptedRound({ configId: 1, n: 1, priority: 0, pid: 2 });
    const options = { cluster: CLUSTER, server, storage: own, bootstrap: true };
    expect(await failureOf(() => PaxosRunner.open(options))).toMatchObject({ code: 'LOST_DISK' });
  });

  it('rejects where its first write fails', async () => {
    const own = new HeldStorage();
    own.failure = new Error('the disk is gone');
    const options = { cluster: CLUSTER, server, storage: own, bootstrap: true };
    expect(await failureOf(() => PaxosRunner.open(options))).toMatchObject({ code: 'STORAGE_FAILED' });
  });

  it.each<[object, string]>([
    [{ storage: new MemStorage({ entryCodec: rawCodec }) }, 'rawCodec'],
    [{ storage: new AsyncMemStorage() }, 'rawCodec'],
    [{ storage: undefined }, 'storage'],
    [{ tickIntervalMs: 0 }, 'tickIntervalMs'],
    [{ bootstrap: 1 }, 'bootstrap'],
    [{ earlyRelease: 1 }, 'earlyRelease'],
    [{ peers: [{ pid: 4, endpoint: 'x' }] }, 'peers[0].pid'],
    [{ peers: [{ pid: 2, endpoint: 7 }] }, 'peers[0].endpoint'],
    [{ peers: [2, 2].map((pid) => ({ pid, endpoint: 'x' })) }, 'peers[1].pid'],
    [{ entryCodec: {} }, 'entryCodec'],
    [{ tick: 1 }, 'no other name'],
  ])('refuses %o', async (given, word) => {
    const options = { cluster: CLUSTER, server, storage: storage(), bootstrap: true, ...given };
    const error = await failureOf(() => PaxosRunner.open(options as never));
    expect(error).toMatchObject({ code: 'INVALID_ARGUMENT', message: expect.stringContaining(word) });
  });
});

describe('tickOnce and start', () => {
  it('exclude each other', async () => {
    const runners = await three();
    const sink = { send() {} };
    await runners.at(1).tickOnce();
    expect(() => runners.at(1).start(sink)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
    runners.at(2).start(sink);
    expect(() => runners.at(2).start(sink)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
    expect(await failureOf(() => runners.at(2).tickOnce())).toMatchObject({ code: 'INVALID_ARGUMENT' });
    expect(() => runners.at(3).start({} as never)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
  });
});

describe('three runners', () => {
  it('decide the same, wherever it was proposed, also behind restarts', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ at: fc.integer({ min: 1, max: 3 }), restarts: fc.boolean() }), { maxLength: 12 }),
        async (steps) => {
          const runners = await three();
          await runners.elect();
          let count = 0;
          for (const { at, restarts } of steps) {
            if (restarts) await runners.restart(at);
            await runners.elect();
            runners.at(at).append(`entry ${count++}`);
            await runners.tick(4);
          }
          await runners.tick(60);
          // A proposal may get lost where the lead moves; with none moving, none is.
          const leader = await runners.elect();
          runners.at(leader).append('the end');
          await runners.tick(60);
          const logs: string[][] = [];
          for (const pid of CLUSTER.nodes) {
            logs.push(entriesOf(await take(runners.at(pid).decided(0), runners.at(pid).decidedIdx)));
          }
          const [log] = logs as [string[]];
          expect(logs).toEqual([log, log, log]);
          expect(log.at(-1)).toBe('the end');
          expect(new Set(log).size).toBe(log.length);
          const proposed = Array.from({ length: count }, (_, at) => `entry ${at}`).concat('the end');
          expect(proposed).toEqual(expect.arrayContaining(log));
          if (!steps.some(({ restarts }) => restarts)) expect(log).toEqual(proposed);
          await runners.stop();
        },
      ),
      { numRuns: 8 },
    );
  });

  it('hand over the lead with a higher epoch, and end the configuration', async () => {
    const runners = await three();
    const leader = await runners.elect();
    const before = runners.at(leader).leadership as { epoch: bigint };
    runners.network.partition.isolate(leader);
    const others = CLUSTER.nodes.filter((pid) => pid !== leader);
    const next = await runners.elect(others);
    const after = runners.at(next).leadership as { epoch: bigint };
    expect(after.epoch).toBeGreaterThan(before.epoch);
    runners.at(next).reconfigure({ configurationId: 2, nodes: others }, Uint8Array.of(7));
    runners.at(next).append('behind it');
    await runners.tick(8, others);
    expect(runners.at(next).isReconfigured()).toMatchObject({ nextConfig: { configurationId: 2 } });
    expect(() => runners.at(next).append('more')).toThrow(expect.objectContaining({ code: 'RECONFIGURED' }));
    const read: unknown[] = [];
    for await (const item of runners.at(next).decided(0)) read.push(item);
    expect(read).toEqual([{ index: 0, stopsign: expect.objectContaining({ metadata: Buffer.of(7) }) }]);
  });

  it('refuse messages that are not theirs', async () => {
    const runners = await three();
    const messages = (await runners.at(1).tickOnce()).concat(await runners.at(1).tickOnce());
    const { bytes } = messages.find(({ to }) => to === 2) as { bytes: Uint8Array };
    const malformed = expect.objectContaining({ code: 'MALFORMED_MESSAGE' });
    expect(() => runners.at(2).handleIncoming(3, bytes)).toThrow(malformed);
    expect(() => runners.at(3).handleIncoming(1, bytes)).toThrow(malformed);
    expect(() => runners.at(2).handleIncoming(1, bytes.subarray(1))).toThrow(malformed);
    expect(() => runners.at(2).handleIncoming(9, bytes)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
    runners.at(2).handleIncoming(1, bytes);
  });

  it('tell a follower what was decided where the message that said so was lost', async () => {
    const runners = await three();
    const leader = await runners.elect();
    const [follower] = CLUSTER.nodes.filter((pid) => pid !== leader) as [number];
    runners.at(leader).append('last');
    while (runners.at(follower).acceptedIdx === 0) await runners.tick();
    expect(runners.at(follower).decidedIdx).toBe(0);
    runners.network.partition.block(leader, follower);
    for (let i = 0; i < 2; i++) await runners.tick();
    runners.network.partition.heal();
    expect(runners.at(leader).decidedIdx).toBe(1);
    expect(runners.at(follower).decidedIdx).toBe(0);
    await runners.tick(60);
    expect(runners.at(follower).decidedIdx).toBe(1);
  });
});

describe('a step that is not durable', () => {
  it('shows nothing, and does not hold up the next; all shows in order once it is', async () => {
    const runners = await three();
    const leader = await runners.elect();
    const own = runners.storage(leader);
    const runner = runners.at(leader);
    const shown = () => [runner.acceptedIdx, runner.decidedIdx, runner.leadership];
    const before = shown();
    own.isHolding = true;
    const outputs: number[] = [];
    const ticks = [0, 1, 2].map((i) => {
      runner.append(`entry ${i}`);
      return runner.tickOnce().then((messages) => {
        outputs.push(i);
        return messages;
      });
    });
    await settled();
    expect(own.held).toBe(3);
    expect(outputs).toEqual([]);
    expect(shown()).toEqual(before);
    own.release(1);
    await settled();
    expect(outputs).toEqual([0]);
    expect(runner.acceptedIdx).toBe(1);
    expect((await own.getSuffix(0)).length).toBe(1);
    own.release();
    await settled();
    expect(outputs).toEqual([0, 1, 2]);
    expect(runner.acceptedIdx).toBe(3);
    expect((await Promise.all(ticks)).flat().length).toBeGreaterThan(0);
  });

  it('holds back messages of later steps that wrote nothing', async () => {
    const runners = await three();
    const leader = await runners.elect();
    runners.storage(leader).isHolding = true;
    runners.at(leader).append('a');
    const first = runners.at(leader).tickOnce();
    let shown = 0;
    const idle = Array.from({ length: 6 }, () =>
      runners
        .at(leader)
        .tickOnce()
        .then(() => shown++),
    );
    await settled();
    expect(shown).toBe(0);
    runners.storage(leader).release();
    await Promise.all([first, ...idle]);
  });
});

describe('a write that fails', () => {
  it('ends the runner: nothing held is shown, and everything says why', async () => {
    const runners = await three();
    const leader = await runners.elect();
    const runner = runners.at(leader);
    const own = runners.storage(leader);
    const waiting = [runner.decided(0).next(), runner.decided(0).next()].map((next) => failureOf(() => next));
    own.isHolding = true;
    runner.append('a');
    const ticks = [runner.tickOnce(), runner.tickOnce()].map((tick) => failureOf(() => tick));
    await settled();
    own.failure = new Error('the disk is gone');
    own.release();
    const failed = expect.objectContaining({
      code: 'STORAGE_FAILED',
      message: expect.stringContaining('the disk is gone'),
    });
    expect(await runner.stopped).toEqual(failed);
    for (const error of await Promise.all([...ticks, ...waiting])) expect(error).toEqual(failed);
    expect(runner.acceptedIdx).toBe(0);
    expect(() => runner.append('b')).toThrow(failed);
    expect(await failureOf(() => runner.tickOnce())).toEqual(failed);
    expect(await failureOf(() => runner.decided(0).next())).toEqual(failed);
    runner.connected(runners.at(1) === runner ? 2 : 1);
    await runner.stop();
    expect(await runner.stopped).toEqual(failed);
  });

  it.each(['has nothing to write itself', 'is opened on what it has left'])(
    'of whoever compacts the log ends a runner that %s',
    async (what) => {
      const database = await temporaryDatabase({ columnFamilies: ['log'] });
      const own = await AsyncRocksdbStorage.openIn<Uint8Array>(database, 'log', { entryCodec: rawCodec });
      const runner = await PaxosRunner.open({ cluster: CLUSTER, server, storage: own, bootstrap: true });
      if (what.startsWith('is opened')) await runner.stop();
      const failure = new RocksError('IO_ERROR', 'injected');
      jest.spyOn(DatabaseCore.prototype, 'write').mockImplementationOnce(() => Promise.reject(failure));
      await failureOf(() => own.setCompactedIdx(0));
      jest.restoreAllMocks();
      const ended = what.startsWith('is opened')
        ? (await PaxosRunner.open({ cluster: CLUSTER, server, storage: own })).stopped
        : runner.stopped;
      expect(await ended).toMatchObject({ code: 'STORAGE_FAILED', cause: failure });
    },
  );
});

describe('stop', () => {
  it('waits for the writes under way, shows nothing of them, and ends all who wait', async () => {
    const runners = await three();
    const leader = await runners.elect();
    const runner = runners.at(leader);
    const own = runners.storage(leader);
    own.isHolding = true;
    runner.append('a');
    const tick = failureOf(() => runner.tickOnce());
    const entry = runner.decided(0).next();
    await settled();
    let hasStopped = false;
    const stopping = runner.stop().then(() => {
      hasStopped = true;
    });
    expect(await tick).toMatchObject({ code: 'STOPPED' });
    expect(await entry).toEqual({ done: true, value: undefined });
    await settled();
    expect(hasStopped).toBe(false);
    own.release();
    await stopping;
    expect(await runner.stopped).toBeUndefined();
    expect(runner.acceptedIdx).toBe(0);
    expect(await own.getLogLen()).toBe(1);
    expect(() => runner.append('b')).toThrow(expect.objectContaining({ code: 'STOPPED' }));
    await runner[Symbol.asyncDispose]();
  });
});

describe('leadershipChanges', () => {
  it('ends by return while a next waits, and by its signal', async () => {
    const runners = await three();
    const reader = runners.at(1).leadershipChanges();
    await reader.next();
    const waiting = reader.next();
    await reader.return?.();
    expect((await waiting).done).toBe(true);
    const controller = new AbortController();
    const other = runners.at(1).leadershipChanges({ signal: controller.signal });
    await other.next();
    const next = failureOf(() => other.next());
    controller.abort(new Error('enough'));
    expect(await next).toMatchObject({ message: 'enough' });
    expect(await other.next()).toEqual({ done: true, value: undefined });
  });
});
