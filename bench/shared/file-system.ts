// What a folder lies on, as far as Linux tells: the mount in /proc, the disks below it in /sys.

import { existsSync, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

export interface FileSystem {
  type: string;
  mountOptions: string;
  device: string;
  /** The disks that it lies on: none for tmpfs and the like, or where the system does not tell. */
  disks: Disk[];
}

export interface Disk {
  name: string;
  /** "write back": the disk claims a volatile cache, which an fsync must empty. */
  writeCache?: string;
  /** Whether it claims to have rotating platters. */
  rotational?: boolean;
}

/** In /sys/class/block/…/stat: the seventh field, always in units of 512 bytes. */
const WRITTEN_SECTORS = 6;
const SECTOR_BYTES = 512;

interface Mount extends Omit<FileSystem, 'disks'> {
  mountPoint: string;
  deviceNumber: string;
}

export function findFileSystem(folder: string): FileSystem | undefined {
  if (!existsSync('/proc/self/mountinfo')) return undefined;
  const mount = findMount(readFileSync('/proc/self/mountinfo', 'utf8'), realpathSync(folder));
  if (mount === undefined) return undefined;
  const { type, mountOptions, device, deviceNumber } = mount;
  return { type, mountOptions, device, disks: findDisks('/sys', deviceNumber, device) };
}

/** The mount with the longest mount point that leads to `path`. Of several on one point the last hides the others. */
export function findMount(mountinfo: string, path: string): Mount | undefined {
  let found: Mount | undefined;
  for (const line of mountinfo.trim().split('\n')) {
    const fields = line.split(' ').map(unescapeOctal);
    const [, , deviceNumber = '', , mountPoint = '', mountOptions = ''] = fields;
    const [type = '', device = '', superOptions = ''] = fields.slice(fields.indexOf('-') + 1);
    if (!`${path}/`.startsWith(mountPoint.endsWith('/') ? mountPoint : `${mountPoint}/`)) continue;
    if (found && mountPoint.length < found.mountPoint.length) continue;
    const options = new Set([...mountOptions.split(','), ...superOptions.split(',')]);
    found = { type, mountPoint, mountOptions: [...options].join(','), device, deviceNumber };
  }
  return found;
}

function unescapeOctal(field: string): string {
  return field.replace(/\\(\d{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}

/** `sys` is /sys. Some file systems (btrfs) have a device number that is no disk's: then that of `device` is taken. */
export function findDisks(sys: string, deviceNumber: string, device: string): Disk[] {
  const numbers = [deviceNumber, numberOf(device)];
  const found = numbers
    .map((number) => number && join(sys, 'dev/block', number))
    .find((path) => path && existsSync(path));
  return found ? disksBelow(realpathSync(found)) : [];
}

function numberOf(device: string): string | undefined {
  const node = device.startsWith('/dev/') ? statSync(device, { throwIfNoEntry: false }) : undefined;
  if (!node?.isBlockDevice()) return undefined;
  // As glibc's major() and minor() take them apart, for the numbers that are in use.
  return `${Math.floor(node.rdev / 256) % 4096}:${(node.rdev % 256) + Math.floor(node.rdev / 2 ** 20) * 256}`;
}

/** The disks below a device: of a partition its disk, of a device mapper or md the devices that it is made of. */
function disksBelow(device: string): Disk[] {
  if (existsSync(join(device, 'partition'))) return disksBelow(dirname(device));
  const slaves = existsSync(join(device, 'slaves')) ? readdirSync(join(device, 'slaves')).sort() : [];
  if (slaves.length > 0) {
    const below = slaves.flatMap((slave) => disksBelow(realpathSync(join(device, 'slaves', slave))));
    return [...new Map(below.map((disk) => [disk.name, disk])).values()];
  }
  const read = (name: string) => {
    const file = join(device, 'queue', name);
    return existsSync(file) ? readFileSync(file, 'utf8').trim() : undefined;
  };
  const writeCache = read('write_cache');
  const rotational = read('rotational');
  return [
    {
      name: basename(device),
      ...(writeCache !== undefined && { writeCache }),
      ...(rotational !== undefined && { rotational: rotational === '1' }),
    },
  ];
}

/** Bytes that the disks have written since the system started, all programs and the file system's journal included. */
export function writtenBytes(disks: readonly Disk[], sys = '/sys'): number | undefined {
  const files = disks.map(({ name }) => join(sys, 'class/block', name, 'stat'));
  if (files.length === 0 || !files.every((file) => existsSync(file))) return undefined;
  return files.reduce((bytes, file) => {
    const sectors = readFileSync(file, 'utf8').trim().split(/\s+/)[WRITTEN_SECTORS];
    return bytes + Number(sectors) * SECTOR_BYTES;
  }, 0);
}

/** "write back", or "unknown". Where disks differ, each of their answers. */
export function showWriteCache(disks: readonly Disk[]): string {
  return [...new Set(disks.map(({ writeCache }) => writeCache ?? 'unknown'))].join(', ') || 'unknown';
}
