import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { compareReports } from '../../bench/fsync/compare.js';
import type { PointReport } from '../../bench/fsync/report.js';
import { summarize } from '../../bench/shared/summary.js';
import { percentiles, pointReport, report } from '../support/bench-points.js';
import { runCommand } from '../support/run-command.js';
import { temporaryFolder } from '../support/temporary-folder.js';

/** A point whose latencies were `us` in its repeats. */
function repeated(us: number[], given: Partial<PointReport> = {}): PointReport {
  const entriesPerSecond = summarize(us.map((one) => 1e6 / one));
  return pointReport({ latencyUs: percentiles(() => summarize(us)), entriesPerSecond, repeats: us.length, ...given });
}

const before = repeated([100, 110, 90]);

describe('compareReports', () => {
  it('gives for every figure the change and the noise of both runs', () => {
    const [p50, , rate] = compareReports(report([before]), report([repeated([200, 240, 190])]));
    expect(p50).toMatchObject({ figure: 'p50', change: 1, noiseBefore: 0.1, noiseAfter: 0.125, exceedsNoise: true });
    expect(rate).toMatchObject({ figure: 'rate', change: -0.5, exceedsNoise: true });
  });

  it('flags nothing where the repeats of the two runs overlap', () => {
    const changes = compareReports(report([before]), report([repeated([120, 130, 108])]));
    expect(changes.map(({ exceedsNoise }) => exceedsNoise)).toEqual([false, false, false]);
  });

  it.each([[[500]], [[500, 501]]])('flags nothing where the noise of a run is not known: %j', (us) => {
    const changes = compareReports(report([before]), report([repeated(us)]));
    expect(changes[0]).toMatchObject({ noiseAfter: undefined, exceedsNoise: false });
  });

  it('compares what both runs have', () => {
    const other = pointReport({ contestant: 'lmdb' });
    expect(compareReports(report([before, other]), report([before]))).toHaveLength(3);
    expect(compareReports(report([other]), report([before]))).toEqual([]);
  });
});

describe('bench compare', () => {
  const folder = temporaryFolder();
  const write = (name: string, value: unknown) => {
    const file = join(folder, name);
    writeFileSync(file, typeof value === 'string' ? value : JSON.stringify(value));
    return file;
  };
  const a = write('a.json', report([before]));

  it('prints each change beside the noise, and what differs in the two runs', async () => {
    const after = report([repeated([200, 240, 190]), pointReport({ contestant: 'lmdb' })], { rocksdb: '9.9.9' });
    const { exitCode, stdout, stderr } = await runCommand(['bench', 'compare', a, write('b.json', after)]);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout).toMatch(
      /RocksdbStorage │ one entry after another │ p50 +│ +100 µs ± 10 % │ +200 µs ± 12.5 % │ +\+100 % │ WORSE/,
    );
    expect(stdout).toContain('3 of 3 figures changed beyond the noise');
    expect(stdout).toContain('1 points are in one of the runs alone');
    expect(stdout).toContain('Not the same: rocksdb was "11.8.1", is "9.9.9".');
  });

  it.each([
    ['is not JSON', '{', /is not JSON/],
    ['is something else', { schema: 'else' }, /is no report of `bench fsync`/],
    ['is null', null, /is no report/],
    ['is of another schema version', { ...report([]), schemaVersion: 2 }, /has schema version 2, this release reads 1/],
    ['lacks its points', { ...report([]), points: undefined }, /parts missing or damaged: points/],
    ['has a point without figures', { ...report([before]), points: [before, {}] }, /damaged: points/],
    ['has an empty plan', { ...report([before]), plan: {} }, /damaged: plan/],
  ])('refuses, in one line, a file that %s', async (_, content, message) => {
    const file = write('bad.json', content);
    const { exitCode, stdout, stderr } = await runCommand(['bench', 'compare', a, file]);
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
    expect(stderr).toMatch(/^omnipaxos-rocksdb: [^\n]+\n$/);
    expect(stderr).toMatch(message);
  });

  it('refuses a file that is not there', async () => {
    const { exitCode, stderr } = await runCommand(['bench', 'compare', a, join(folder, 'none.json')]);
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/^omnipaxos-rocksdb: ENOENT[^\n]+none.json'\n$/);
  });
});
