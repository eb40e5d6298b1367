// What the figures were measured on, and what would make them mislead.

import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { availableParallelism, cpus, release, totalmem, type } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

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

export interface FileSystem {
  type: string;
  mountPoint: string;
  mountOptions: string;
  device: string;
  /** "write back": the disk has a volatile cache, which an fsync must empty. */
  writeCache?: string;
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

export function warningsAbout({ fileSystem, cpuInUse }: Environment): string[] {
  const warnings: string[] = [];
  if (fileSystem && NO_DISK.includes(fileSystem.type)) {
    warnings.push(
      `${fileSystem.mountPoint} is a ${fileSystem.type}: it has no disk, and an fsync there costs nothing.`,
    );
  }
  if (fileSystem?.type === 'overlay') {
    warnings.push(
      `${fileSystem.mountPoint} is an overlay: its first write to a file, and its fsync, differ from a disk's.`,
    );
  }
  if (cpuInUse > IDLE_UP_TO) {
    warnings.push(`The machine was not idle before the run: ${Math.round(cpuInUse * 100)} % of its CPUs was in use.`);
  }
  return warnings;
}

/** Linux tells in /proc/self/mountinfo: the mount point with the longest name that leads to `folder`, the last of them. */
function findFileSystem(folder: string): FileSystem | undefined {
  if (!existsSync('/proc/self/mountinfo')) return undefined;
  const path = `${realpathSync(folder)}/`;
  let found: FileSystem | undefined;
  for (const line of readFileSync('/proc/self/mountinfo', 'utf8').trim().split('\n')) {
    const fields = line.split(' ').map(unescapeOctal);
    const [, , deviceNumber = '', , mountPoint = '', mountOptions = ''] = fields;
    const [fileSystemType = '', device = '', superOptions = ''] = fields.slice(fields.indexOf('-') + 1);
    if (!path.startsWith(mountPoint.endsWith('/') ? mountPoint : `${mountPoint}/`)) continue;
    if (found && mountPoint.length < found.mountPoint.length) continue;
    const writeCache = readWriteCache(deviceNumber);
    found = {
      type: fileSystemType,
      mountPoint,
      mountOptions: `${mountOptions} ${superOptions}`,
      device,
      ...(writeCache && { writeCache }),
    };
  }
  return found;
}

function unescapeOctal(field: string): string {
  return field.replace(/\\(\d{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}

/** Of the disk, or of the one that a partition lies on. */
function readWriteCache(deviceNumber: string): string | undefined {
  const device = join('/sys/dev/block', deviceNumber);
  if (!existsSync(device)) return undefined;
  return ['queue', '../queue']
    .map((queue) => `${realpathSync(device)}/${queue}/write_cache`)
    .filter((file) => existsSync(file))
    .map((file) => readFileSync(file, 'utf8').trim())[0];
}
