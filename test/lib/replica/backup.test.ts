// A group that begins with the backup of another: it has all that the backup has, or does not begin.

import { createReadStream, createWriteStream, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import { SeededRandom } from '../../../lib/testing/seeded-random.js';
import { failureOf } from '../../support/failures.js';
import { type Add, PIDS, peersOf, ReplicasOfCounters } from '../../support/replicas-of-counters.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { until } from '../../support/until.js';

let opened: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(opened.map((each) => each.stop()));
  opened = [];
});

async function three(): Promise<ReplicasOfCounters> {
  const replicas = await ReplicasOfCounters.three();
  opened.push(replicas);
  return replicas;
}

async function none(): Promise<ReplicasOfCounters> {
  const replicas = await ReplicasOfCounters.over(async () => replicas.transport);
  opened.push(replicas);
  return replicas;
}

const one = (key: string): Add => ({ key, add: 1 });

/** A group of three that has decided `count` commands, and a backup of it in a file. */
async function backedUp(count: number): Promise<{ replicas: ReplicasOfCounters; file: string; index: number }> {
  const replicas = await three();
  const leader = await replicas.leader();
  await Promise.all(Array.from({ length: count }, (_, i) => replicas.at(leader).propose(one(`key ${i % 7}`))));
  const file = join(temporaryFolder(), 'backup');
  const backup = await replicas.at(leader).backup();
  const { index } = backup;
  await pipeline(backup, createWriteStream(file));
  return { replicas, file, index };
}

describe('a group that begins with a backup', () => {
  it('has all that was decided before, goes on behind it, restarts, and takes members in', async () => {
    const { replicas: old, file, index } = await backedUp(100);
    expect(index).toBeGreaterThanOrEqual(100);
    const replicas = await none();
    for (const pid of PIDS) await replicas.open(pid, { bootstrap: true, backup: createReadStream(file) });
    for (const pid of PIDS) expect(replicas.machine(pid).values).toEqual(old.machine(1).values);
    const leader = await replicas.leader();
    const { epoch } = replicas.at(leader).leadership as { epoch: bigint };
    expect(epoch).toBeGreaterThan((old.at(1).leadership as { epoch: bigint }).epoch);
    const { index: behind, result } = await replicas.at(leader).propose(one('key 0'));
    expect(behind).toBeGreaterThanOrEqual(index);
    expect(result).toBe((old.machine(1).values.get('key 0') as number) + 1);
    await replicas.settled();
    for (const pid of PIDS) await replicas.restart(pid);
    await replicas.leader();
    await replicas.open(4, { join: true });
    await replicas.at(1).reconfigure(peersOf([...PIDS, 4]));
    expect((await replicas.at(4).propose(one('key 0'))).result).toBe(result + 1);
  });

  const seed = Math.floor(Math.random() * 2 ** 31);
  it(`does not begin with one that is cut or damaged, and does with the whole one then, seed ${seed}`, async () => {
    const { file } = await backedUp(20);
    const whole = readFileSync(file);
    const random = new SeededRandom(seed);
    const replicas = await none();
    const begin = (bytes: Buffer, pieces: number) => {
      const size = Math.max(1, Math.ceil(bytes.length / pieces));
      const source = Array.from({ length: pieces }, (_, i) => bytes.subarray(i * size, (i + 1) * size));
      return replicas.open(1, { bootstrap: true, backup: Readable.from(source, { objectMode: false }) });
    };
    for (let i = 0; i < 20; i++) {
      const bytes = Buffer.from(whole);
      const at = random.within(0, bytes.length - 1);
      const isCut = random.chance(50);
      if (!isCut) bytes.writeUInt8(bytes.readUInt8(at) ^ (1 << random.within(0, 7)), at);
      const error = await failureOf(() => begin(isCut ? bytes.subarray(0, at) : bytes, random.within(1, 5)));
      expect([at, isCut, error]).toEqual([at, isCut, expect.objectContaining({ code: 'INVALID_ARGUMENT' })]);
    }
    const replica = await begin(whole, 7);
    expect(replica.status().appliedIdx).toBeGreaterThanOrEqual(20);
  });

  it('leaves out a replica that began with another backup, or with none', async () => {
    const { replicas: old, file } = await backedUp(10);
    await old.at(1).propose(one('more'));
    await old.at(1).takeSnapshot();
    const other = join(temporaryFolder(), 'backup');
    await pipeline(await old.at(1).backup(), createWriteStream(other));
    for (const options of [{}, { backup: createReadStream(other) }]) {
      const replicas = await none();
      for (const pid of [1, 2]) await replicas.open(pid, { bootstrap: true, backup: createReadStream(file) });
      await replicas.open(3, { bootstrap: true, ...options });
      await replicas.leader([1, 2]);
      await replicas.at(1).propose(one('x'));
      await replicas.settled([1, 2]);
      expect(replicas.at(3).leadership).toEqual({ role: 'unknown' });
      expect(replicas.machine(3).values.has('x')).toBe(false);
    }
  });

  it('is refused where it is not the beginning, or no bytes come', async () => {
    const { replicas, file } = await backedUp(1);
    const invalid = { code: 'INVALID_ARGUMENT' };
    const fresh = await none();
    expect(await failureOf(() => fresh.open(1, { backup: createReadStream(file) }))).toMatchObject(invalid);
    expect(await failureOf(() => fresh.open(1, { bootstrap: true, backup: 7 as never }))).toMatchObject(invalid);
    expect(await failureOf(() => fresh.open(1, { bootstrap: true, backup: Readable.from([]) }))).toMatchObject(invalid);
    await replicas.at(1).stop();
    const again = failureOf(() => replicas.open(1, { bootstrap: true, backup: createReadStream(file) }));
    expect(await again).toMatchObject({ ...invalid, message: expect.stringContaining('bootstrap must not be true') });
    await replicas.open(1);
    await until(() => replicas.machine(1).values.get('key 0') === 1);
  });
});
