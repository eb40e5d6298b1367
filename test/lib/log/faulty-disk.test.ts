// AsyncRocksdbStorage on a disk with faults, which test/disk-shim/ puts under a child process.

import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { RocksdbStorage } from '../../../lib/index.js';
import { runChild } from '../../support/child.js';
import { type DiskFaults, hasDiskShim, withFaults } from '../../support/disk-shim.js';
import { openAt } from '../../support/temporary-database.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

async function tellOf<V>(script: string, path: string, faults: DiskFaults): Promise<V> {
  const file = fileURLToPath(new URL(`fixtures/${script}`, import.meta.url));
  const { code, signal, stdout, stderr } = await runChild(file, [path], { env: withFaults(faults) });
  expect({ code, signal, stderr }).toEqual({ code: 0, signal: null, stderr: '' });
  return JSON.parse(stdout) as V;
}

interface Told {
  settled: { name: string; value?: unknown; code?: string; cause?: string }[];
  after: Record<string, unknown>;
}

(hasDiskShim ? describe : describe.skip)('when an fsync fails with appends in flight', () => {
  const path = join(temporaryFolder(), 'db');
  let told: Told;
  const of = (kind: string) => told.settled.filter(({ name }) => name.startsWith(kind));

  it('everything settles, the writes of each log in the order of their calls', async () => {
    told = await tellOf<Told>('async-on-a-failing-disk.mjs', path, { syncDelayUs: 5000, syncFailsAfter: 3 });
    for (const kind of ['log', 'decided', 'length', 'other', 'plain']) {
      expect(of(kind).map(({ name }) => name)).toEqual(of('log').map((_, i) => `${kind} ${i}`));
    }
  });

  it('first those that were written, then those of the failed write with its cause, then POISONED', () => {
    for (const kind of ['log', 'other']) {
      const codes = of(kind).map(({ code = 'written' }) => code);
      expect(codes).toEqual([...codes].sort((a, b) => rank(a) - rank(b)));
      expect(new Set(codes)).toEqual(new Set(['written', 'ROCKSDB', 'POISONED']));
      for (const { code, cause } of of(kind)) if (code !== undefined) expect(cause).toBe('IO_ERROR');
    }
  });

  it('a read called behind writes that fail gives what those before them have left', () => {
    const written = of('log').filter(({ code }) => code === undefined).length;
    expect(of('length').map(({ value }) => value)).toEqual(of('log').map((_, i) => Math.min(i + 1, written)));
  });

  it('writes that need no fsync are counted where they fail, those behind the failed one included', () => {
    const failed = of('decided').filter(({ code }) => code !== undefined).length;
    expect(told.after).toMatchObject({ failedUnsyncedWrites: { setDecidedIdx: failed } });
  });

  it('a plain write that shared the group is told the truth', () => {
    const plain = of('plain').map(({ code = 'written' }) => code);
    expect(new Set(plain)).toEqual(new Set(['written', 'IO_ERROR']));
    // In the order of the calls, whichever log or store they are of: once one has failed, none behind it is written.
    const calls = of('log').flatMap((_, i) => [of('log')[i], of('other')[i], of('plain')[i]]);
    const firstFailure = calls.findIndex((call) => call?.code !== undefined);
    expect(calls.slice(firstFailure).every((call) => call?.code !== undefined)).toBe(true);
  });

  it('the log is what it was, writes are refused, reads go on', () => {
    const written = of('log').filter(({ code }) => code === undefined).length;
    expect(told.after).toMatchObject({
      read: Array.from({ length: written }, (_, i) => i),
      bounds: { first: 0, next: written },
      refused: 'POISONED',
      poisonedOther: 'POISONED',
    });
  });

  it('after a reopen everything acknowledged is there', async () => {
    const log = RocksdbStorage.openIn<number>(await openAt(path), 'log');
    const written = of('log').filter(({ code }) => code === undefined).length;
    expect(written).toBeGreaterThan(0);
    expect(log.getSuffix(0).slice(0, written)).toEqual(Array.from({ length: written }, (_, i) => i));
    expect(log.getDecidedIdx()).toBeGreaterThanOrEqual(of('decided').filter(({ code }) => code === undefined).length);
  });
});

(hasDiskShim ? describe : describe.skip)('on a slow disk', () => {
  it('the event loop goes on turning, a bounded queue fills and empties, and appends settle in order', async () => {
    const { turns, lengths, fsyncs } = await tellOf<{ turns: number; lengths: number[]; fsyncs: number }>(
      'appends-on-a-slow-disk.mjs',
      join(temporaryFolder(), 'db'),
      { syncDelayUs: 20_000 },
    );
    expect(lengths).toEqual(Array.from({ length: 100 }, (_, i) => i + 1));
    // 400 KiB through a queue of 64 KiB takes at least six groups; each waits 20 ms, in which a loop turns often.
    expect(fsyncs).toBeGreaterThanOrEqual(6);
    expect(fsyncs).toBeLessThan(50);
    expect(turns).toBeGreaterThan(fsyncs * 10);
  });
});

(hasDiskShim ? describe : describe.skip).each(['flushes', 'compactions'] as const)(
  'when the disk is full for %s',
  (fullFor) => {
    it('writes that would wait fail, every later one does, and what was appended is there after a reopen', async () => {
      const path = join(temporaryFolder(), 'db');
      const { appended, ...told } = await tellOf<Record<string, unknown>>('appends-on-a-full-disk.mjs', path, {
        fullFor,
      });
      expect(told).toEqual({ failure: { code: 'ROCKSDB', cause: 'NO_SPACE' }, other: 'NO_SPACE', read: appended });
      const log = RocksdbStorage.openIn<string>(await openAt(path), 'log');
      expect(log.getLogLen()).toBeGreaterThanOrEqual(appended as number);
      log.appendEntry('goes on');
    });
  },
);

function rank(code: string): number {
  return ['written', 'ROCKSDB', 'POISONED'].indexOf(code);
}
