// What the figures were measured on, and what about it may make them mislead.

import { availableParallelism, cpus, release, totalmem, type } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { type FileSystem, findFileSystem } from './file-system.js';

export interface Environment {
  node: string;
  /** "Linux 6.1.0 x64" */
  system: string;
  cpu: string;
  cpus: number;
  memoryBytes: number;
  /** How much of all processors others used just before the run: 0 to 1. */
  cpuInUse: number;
  folder: string;
  /** Where the system tells. */
  fileSystem?: FileSystem;
}

export async function describeEnvironment(folder: string): Promise<Environment> {
  const fileSystem = findFileSystem(folder);
  return {
    node: process.version,
    system: `${type()} ${release()} ${process.arch}`,
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cpus: availableParallelism(),
    memoryBytes: totalmem(),
    cpuInUse: await cpuInUse(),
    folder,
    ...(fileSystem && { fileSystem }),
  };
}

const CPU_SAMPLE_MS = 1000;

async function cpuInUse(): Promise<number> {
  const before = cpuTimes();
  await sleep(CPU_SAMPLE_MS);
  const after = cpuTimes();
  return 1 - (after.idle - before.idle) / (after.all - before.all);
}

function cpuTimes(): { idle: number; all: number } {
  const times = cpus().map(({ times }) => times);
  return {
    idle: times.reduce((sum, { idle }) => sum + idle, 0),
    all: times.flatMap((of) => Object.values(of)).reduce((sum, ms) => sum + ms, 0),
  };
}

const NO_DISK = ['tmpfs', 'ramfs'];
const IDLE_UP_TO = 0.1;

const REMOTE = /^(nfs|cifs|smb|9p|fuse|virtiofs|ceph|afs)/;
const NO_FLUSH = /^(nobarrier|barrier=0|nodiskflush)$/;

export function warningsAbout({ fileSystem, cpuInUse }: Pick<Environment, 'fileSystem' | 'cpuInUse'>): string[] {
  const warnings: string[] = [];
  const type = fileSystem?.type ?? '';
  if (NO_DISK.includes(type))
    warnings.push(`The folder lies on ${type}: it has no disk, and an fsync there costs nothing.`);
  if (type === 'overlay') {
    warnings.push("The folder lies on an overlay (a container's own layer): a volume may be quicker or slower.");
  }
  if (REMOTE.test(type)) {
    warnings.push(`The folder lies on ${type}: what an fsync means there is up to another machine or program.`);
  }
  const noFlush = fileSystem?.mountOptions.split(',').find((option) => NO_FLUSH.test(option));
  if (noFlush) warnings.push(`It is mounted with ${noFlush}: an fsync does not empty the disk's own cache.`);
  if (cpuInUse > IDLE_UP_TO) {
    warnings.push(`The machine was not idle before the run: ${Math.round(cpuInUse * 100)} % of its CPUs was in use.`);
  }
  return warnings;
}
