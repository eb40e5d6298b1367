import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { readReport } from '../../bench/fsync/read-report.js';
import type { Report } from '../../bench/fsync/report.js';
import { Workplace } from '../../bench/fsync/workplace.js';
import { type CommandOutcome, compiled, runCommand } from '../support/run-command.js';
import { temporaryFolder } from '../support/temporary-folder.js';

/** Few points, so that a short run measures them all. */
const FEW = ['--batch', '1,8', '--in-flight', '1,8', '--entry-size', '128,1024'];

describe('a short run', () => {
  const dir = temporaryFolder();
  const json = join(temporaryFolder(), 'report.json');
  let outcome: CommandOutcome;
  let report: Report;
  beforeAll(async () => {
    writeFileSync(join(dir, 'mine'), 'not to be touched');
    mkdirSync(join(dir, 'bench-fsync-abc123'));
    const peers = ['--peers', 'node-rocksdb,classic-level,lmdb'];
    outcome = await runCommand(['bench', 'fsync', '--dir', dir, '--duration', '5', ...FEW, ...peers, '--json', json]);
    report = readReport(json);
  });
  const point = (id: string) => report.points.find((one) => one.id === `${id} entryBytes=128`);

  it('succeeds, and leaves nothing in the folder but what was there', () => {
    expect(outcome).toMatchObject({ exitCode: 0 });
    expect(readdirSync(dir).sort()).toEqual(['bench-fsync-abc123', 'mine']);
    expect(readFileSync(join(dir, 'mine'), 'utf8')).toBe('not to be touched');
  });

  it('tells of a folder that a killed run may have left', () => {
    expect(outcome.stderr).toContain(`Warning: ${join(dir, 'bench-fsync-abc123')} is of another run.`);
  });

  it('prints progress to stderr, and to stdout a table and a recommendation', () => {
    expect(outcome.stderr).toMatch(/% \| \d+ s left \|/);
    expect(outcome.stdout).toMatch(/│ disk +│ pwrite \+ fdatasync, growing file/);
    expect(outcome.stdout).toMatch(/│ AsyncRocksdbStorage +│ 64 appends in flight/);
    expect(outcome.stdout).toMatch(/For a p99 within 10 ms|Nothing that was measured keeps its p99/);
    expect(outcome.stdout).toContain('Of the harness itself, each latency contains');
    expect(outcome.stdout).not.toContain('\u001b');
  });

  it('says on what it was measured, with no path but the one given', () => {
    const { environment, rocksdb, overhead } = report;
    expect(environment).toMatchObject({ node: process.version, folder: dir, cpu: expect.any(String) });
    expect(rocksdb).toMatch(/^\d+\.\d+\.\d+$/);
    expect(environment.fileSystem).not.toHaveProperty('mountPoint');
    expect(Object.values(overhead).every((ns) => ns >= 0)).toBe(true);
  });

  it('measures the disk, with one fsync a write', () => {
    for (const work of ['write-growing', 'write-preallocated', 'write-growing-fsync', 'write-preallocated-fsync']) {
      expect(point(`disk ${work} batch=1 inFlight=1`)?.entriesPerFsync?.median).toBe(1);
    }
  });

  it('counts the fsyncs: one for each blocking append, one for many in flight', () => {
    expect(point('storage append batch=1 inFlight=1')?.entriesPerFsync?.median).toBe(1);
    expect(point('storage append batch=8 inFlight=1')?.entriesPerFsync?.median).toBe(8);
    expect(point('async-storage append batch=1 inFlight=8')?.entriesPerFsync?.median).toBeGreaterThan(1);
    expect(point('storage opposite-promise batch=1 inFlight=1')).toBeDefined();
  });

  it('measures the peers that are installed, and names the setting of each', () => {
    expect(report.skipped).toEqual([]);
    for (const peer of ['node-rocksdb', 'classic-level', 'lmdb']) {
      expect(point(`${peer} append batch=64 inFlight=1`)).toBeDefined();
      expect(report.contestants.find(({ name }) => name === peer)?.durability).toMatch(/sync/i);
    }
  });
});

describe('an interrupted run', () => {
  it('ends, removes what it wrote, and writes the report of what it has, even to a terminal that is gone', async () => {
    const dir = temporaryFolder();
    const out = temporaryFolder();
    const [json, html] = [join(out, 'report.json'), join(out, 'report.html')];
    const args = ['bench', 'fsync', '--dir', dir, '--duration', '60', ...FEW, '--json', json, '--html', html];
    const child = spawn(process.execPath, [compiled('cli/main.js'), ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    child.stderr.destroy();
    let stdout = '';
    child.stdout.on('data', (chunk) => {
      stdout += chunk;
    });
    const ended = once(child, 'close');
    while (
      child.exitCode === null &&
      !readdirSync(dir).some((name) => existsSync(join(dir, name, 'async-storage/db')))
    ) {
      await sleep(50);
    }
    child.kill('SIGINT');
    expect(await ended).toEqual([130, null]);

    expect(readdirSync(dir)).toEqual([]);
    expect(readReport(json)).toMatchObject({ complete: false, endedBy: 'SIGINT ended it' });
    expect(stdout).toContain('This report is incomplete: SIGINT ended it.');
    expect(readFileSync(html, 'utf8')).toContain('This report is incomplete: SIGINT ended it.');
  });
});

describe('what cannot be measured', () => {
  const file = join(temporaryFolder(), 'file');
  writeFileSync(file, '');

  it.each([
    ['a folder that there is not', ['--dir', '/nope'], /there is no folder \/nope/],
    ['a file', ['--dir', file], /is not a folder/],
    [
      'more than belongs into one write',
      ['--entry-size', '1048576', '--batch', '1024'],
      /1 GiB at once: at most 64 MiB/,
    ],
    ['a report that could not be written', ['--json', '/nope/report.json'], /cannot be written/],
    ['an HTML report that could not be written', ['--html', '/nope/report.html'], /cannot be written/],
    ['a folder as a report', ['--json', '/'], /\/ cannot be written: it is a folder/],
    ['a file that is there already', ['--json', file], /is there already: remove it first/],
    ['one file for both reports', ['--json', file, '--html', file], /--json and --html are both/],
  ])('refuses %s, in one line', async (_, args, message) => {
    const { exitCode, stdout, stderr } = await runCommand(['bench', 'fsync', ...args]);
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
    expect(stderr).toMatch(/^omnipaxos-rocksdb: [^\n]+\n$/);
    expect(stderr).toMatch(message);
  });

  it('refuses a folder with too little space, and says how much is needed', () => {
    const dir = temporaryFolder();
    expect(() => new Workplace(dir, 2 ** 60)).toThrow(/ has .+ free, the run needs 1,070,000,000 GiB$/);
    expect(readdirSync(dir)).toEqual([]);
  });

  // Nobody, not even root, may make a folder there.
  (process.platform === 'linux' ? it : it.skip)('refuses a folder that is not writable', () => {
    expect(() => new Workplace('/proc', 0)).toThrow(/^\/proc is not writable \(E[A-Z]+\)$/);
  });

  it.each([
    [['--batch', '0']],
    [['--batch', '1,x']],
    [['--in-flight', '4,4']],
    [['--entry-size', '']],
    [['--peers', 'nosuch']],
    [['--duration', '0']],
    [['--budget-ms', '-1']],
    [['--nope']],
    [['superfluous']],
  ])('exits with 2 for the wrong usage %j', async (args) => {
    const { exitCode, stdout, stderr } = await runCommand(['bench', 'fsync', ...args]);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toMatch(/^error: [^\n]+\n$/);
  });
});
