// That `npm run bench:scale` lives every life and leaves nothing behind, and tells what grows. What it measures is for the
// benchmark to say.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { growthOf } from '../../bench/scale/growth.js';
import { LIVES } from '../../bench/scale/life.js';
import type { Point } from '../../bench/scale/point.js';
import { compiled, runNode } from '../support/run-command.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const scale = compiled('bench/scale.js');

describe('npm run bench:scale', () => {
  it('lives every life, draws it, and removes what it wrote', async () => {
    const folder = temporaryFolder();
    const [json, svg] = ['scale.json', 'scale.svg'].map((name) => join(temporaryFolder(), name)) as [string, string];
    const args = ['--dir', folder, '--entries', '20000', '--json', json, '--svg', svg];
    const { exitCode, stdout } = await runNode([scale, ...args]);
    expect(exitCode).toBe(0);
    const report = JSON.parse(readFileSync(json, 'utf8'));
    expect(report).toMatchObject({ schemaVersion: 1, entries: 20_000, environment: { node: process.version } });
    expect(report.lives.map(({ name }: { name: string }) => name)).toEqual(LIVES.map(({ name }) => name));
    for (const { title, points } of report.lives) {
      expect(stdout).toContain(title);
      expect(points.length).toBeGreaterThan(0);
      for (const point of points) expect(point.diskBytes).toBeGreaterThanOrEqual(point.walBytes + point.sstBytes);
    }
    const [longest] = report.lives;
    expect(longest.points.at(-1).entries).toBe(20_000);
    expect(longest.points.filter(({ reopenMs }: Point) => reopenMs !== undefined)).not.toEqual([]);
    const drawn = readFileSync(svg, 'utf8');
    expect(drawn).toMatch(/^<svg[^>]*><style>.*<\/svg>$/s);
    for (const { title } of LIVES) expect(drawn).toContain(title);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('ends at Ctrl-C with the process that it has started, and removes what it wrote', async () => {
    const folder = temporaryFolder();
    const child = spawn(process.execPath, [scale, '--dir', folder], { stdio: ['ignore', 'ignore', 'ignore'] });
    const databases = () => readdirSync(folder).flatMap((name) => readdirSync(join(folder, name)));
    while (databases().length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    expect(await ended).toEqual([143, null]);
    await new Promise((resolve) => setTimeout(resolve, 300)); // a process that was left would write again
    expect(readdirSync(folder)).toEqual([]);
  });

  it.each([
    ['entries that are none', ['--entries', '0'], 'whole number'],
    ['a life that there is not', ['--only', 'another'], 'one-log'],
    ['a folder that is not there', ['--dir', '/nowhere/at/all'], 'no folder'],
  ])('refuses %s', async (_, args, words) => {
    const { exitCode, stderr } = await runNode([scale, ...args]);
    expect(exitCode).toBe(1);
    expect(stderr).toContain(words);
  });
});

describe('growthOf', () => {
  const [life] = LIVES as [(typeof LIVES)[number]];
  const points = (of: (at: number) => number): Point[] =>
    Array.from({ length: 50 }, (_, i) => {
      const figure = of(i + 1);
      const use = {
        diskBytes: figure,
        walBytes: 1,
        sstBytes: 1,
        manifestBytes: figure,
        files: figure,
        walFiles: 1,
        sstFiles: 1,
      };
      const times = {
        p50Us: figure,
        p99Us: figure,
        readOldestUs: figure,
        readNewestUs: figure,
        reopenMs: figure,
        reopenCalls: figure,
      };
      const rest = { residentBytes: figure, rowsInFiles: figure, entriesPerSecond: 1 / figure };
      return { seconds: i, entries: (i + 1) * 1_000_000, ...use, ...times, ...rest };
    });

  it('finds nothing in what goes up and down, or levels off once the WALs have come round', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 90, max: 110 }), { minLength: 50, maxLength: 50 }), (figures) => {
        const growth = growthOf(
          life,
          points((at) => (figures[at - 1] as number) * Math.min(1, at / 4)),
        );
        expect(growth.filter(({ holds }) => holds !== true)).toEqual([]);
      }),
    );
  });

  it('finds everything that grows with what is past', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1000 }), (slope) => {
        expect(
          growthOf(
            life,
            points((at) => slope * at),
          ).filter(({ holds }) => holds !== false),
        ).toEqual([]);
      }),
    );
  });

  it('does not judge what is too short', () => {
    const short = points((at) => at).slice(0, 6);
    expect(growthOf(life, short).every(({ figure, holds }) => figure === undefined && holds === undefined)).toBe(true);
  });
});
