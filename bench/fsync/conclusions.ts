// What a report says in words: the same in the terminal and in the HTML report.

import { showWriteCache } from '../shared/file-system.js';
import { showBytes, showNumber, showTime } from './figures.js';
import type { PointReport, Report } from './report.js';

/** What the run has shown, the most useful first. */
export function conclusions(report: Report): string[] {
  const { points, recommendation } = report;
  return [
    ...(report.complete ? [] : [`This report is incomplete: ${report.endedBy}.`]),
    ...recommendation.text,
    ...priceOfAnFsync(points),
    ...priceOfTheStorage(points),
    ...priceForTheLoop(points),
  ];
}

function priceOfAnFsync(points: readonly PointReport[]): string[] {
  const growing = find(points, 'disk', 'write-growing');
  const preallocated = find(points, 'disk', 'write-preallocated');
  if (!growing || !preallocated) return [];
  return [
    `Making one write durable costs ${p50(growing)} on this disk where the file grows, ${p50(preallocated)} where it has ` +
      'its size already (pwrite + fdatasync, p50).',
  ];
}

function priceOfTheStorage(points: readonly PointReport[]): string[] {
  const rocksdb = find(points, 'baseline', 'append') ?? find(points, 'binding', 'append');
  const storage = find(points, 'storage', 'append');
  if (!rocksdb || !storage) return [];
  const ratio = storage.latencyUs.p50.median / rocksdb.latencyUs.p50.median;
  return [`A durable appendEntry takes ${p50(storage)}, ${showNumber(ratio)} times what ${rocksdb.who} takes (p50).`];
}

function priceForTheLoop(points: readonly PointReport[]): string[] {
  const delay = (contestant: string) =>
    points.find((point) => point.contestant === contestant && point.loopDelayUs && point.inFlight > 1);
  const blocking = delay('storage');
  const async = delay('async-storage');
  if (!blocking?.loopDelayUs || !async?.loopDelayUs) return [];
  return [
    `With ${async.inFlight} appends at a time the event loop looks up every ${showTime(blocking.loopDelayUs.p99.median)} ` +
      `where they block, every ${showTime(async.loopDelayUs.p99.median)} where they do not (p99; it would every 1 ms).`,
  ];
}

function find(points: readonly PointReport[], contestant: string, work: string): PointReport | undefined {
  return points.find((point) => {
    return point.contestant === contestant && point.work === work && point.batch === 1 && point.inFlight === 1;
  });
}

function p50({ latencyUs }: PointReport): string {
  return showTime(latencyUs.p50.median);
}

/** What it was measured on, a line each. */
export function describeEnvironment({ environment, rocksdb, package: version, contestants, plan }: Report): string[] {
  const { cpu, cpus, memoryBytes, system, node, folder, fileSystem } = environment;
  const disks = fileSystem?.disks.map(({ name }) => name).join(', ');
  const disk = fileSystem
    ? `${fileSystem.type} (${fileSystem.mountOptions}) on ${disks || fileSystem.device}, ` +
      `volatile write cache: ${describeWriteCache(showWriteCache(fileSystem.disks))}`
    : 'a file system that the system does not tell of';
  return [
    `Measured in ${folder === '.' ? 'the current folder' : folder}: ${disk}.`,
    `${cpus} × ${cpu}, ${showBytes(memoryBytes)} of memory, ${system}, Node ${node}, RocksDB ${rocksdb}, omnipaxos-rocksdb ${version}.`,
    `Entries of ${showBytes(plan.entryBytes[0] as number)}, unless another size is named; each append is durable before it counts.`,
    ...settings(contestants),
  ];
}

function settings(contestants: Report['contestants']): string[] {
  const byVersion = new Map(contestants.map(({ version, durability }) => [version, durability]));
  return [...byVersion].map(([version, durability]) => `${version}: ${durability}.`);
}

function describeWriteCache(claimed: string): string {
  if (claimed === 'write back') return 'claimed (write back)';
  return claimed === 'write through' ? 'none claimed (write through)' : claimed;
}

export function describeOverhead({ overhead }: Pick<Report, 'overhead'>): string {
  const { perCallNs, perAsyncCallNs, perSystemCallNs, perRecordNs } = overhead;
  return (
    `Of the harness itself, each latency contains ${perCallNs} ns (${perAsyncCallNs} ns where it is asynchronous), and each ` +
    `of the disk's two system calls ${perSystemCallNs} ns of Node; counting a latency takes ${perRecordNs} ns, after the turn.`
  );
}
