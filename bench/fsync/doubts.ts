// Signs in the figures themselves that they may mislead.

import type { Environment } from '../shared/environment.js';
import { showTime } from './figures.js';
import { FEWEST_REPEATS } from './noise.js';
import type { PointReport } from './report.js';
import { ROUNDS } from './rounds.js';

/** Less than any disk takes, even behind a controller with a battery, for a write and an fdatasync through a file system. */
const QUICKEST_DISK_US = 8;
/** Half a turn of the fastest platters that there are. */
const QUICKEST_PLATTER_US = 2000;
/** A store that takes less than this share of the disk's own fdatasync has not waited for one. */
const WAITS_FROM = 0.5;

export function doubtsAbout(points: readonly PointReport[], { fileSystem }: Environment): string[] {
  return [
    ...impossibleDisk(points, fileSystem?.disks.some(({ rotational }) => rotational) ?? false),
    ...thoseThatDoNotWait(points),
    ...unsteady(points),
    ...fewRepeats(points),
  ];
}

function impossibleDisk(points: readonly PointReport[], rotates: boolean): string[] {
  const quickest = quickestDiskUs(points);
  if (quickest === undefined) return [];
  if (quickest < QUICKEST_DISK_US) {
    return [
      `An fdatasync took ${showTime(quickest)} (p50), faster than any disk can be: something on the way to it, a hypervisor, ` +
        'a file system or a preloaded library, does not wait for it. These are not the costs of durability.',
    ];
  }
  if (rotates && quickest < QUICKEST_PLATTER_US) {
    return [
      `The disk says that it rotates, yet an fdatasync took ${showTime(quickest)} (p50): it is a virtual disk, or a cache ` +
        'answers for the platters. Data is safe only where that cache outlives a power failure.',
    ];
  }
  return [];
}

function thoseThatDoNotWait(points: readonly PointReport[]): string[] {
  const disk = quickestDiskUs(points);
  if (disk === undefined) return [];
  return points
    .filter(({ contestant, groups, batch, inFlight }) => {
      return contestant !== 'disk' && groups.includes('side-by-side') && batch === 1 && inFlight === 1;
    })
    .filter(({ latencyUs }) => latencyUs.p50.median < disk * WAITS_FROM)
    .map(({ who }) => `${who} took less than half the time of an fdatasync: it does not seem to wait for one.`);
}

function quickestDiskUs(points: readonly PointReport[]): number | undefined {
  const fdatasyncs = points.filter(({ work }) => work === 'write-growing' || work === 'write-preallocated');
  const p50s = fdatasyncs.map(({ latencyUs }) => latencyUs.p50.median);
  return p50s.length === 0 ? undefined : Math.min(...p50s);
}

function unsteady(points: readonly PointReport[]): string[] {
  const cold = new Set(points.filter(({ walRecycled }) => walRecycled === false).map(({ who }) => who));
  if (cold.size === 0) return [];
  const who = [...cold].join(', ');
  return [`Not all figures of ${who} are of a recycled WAL: the time was too short for the steady state.`];
}

function fewRepeats(points: readonly PointReport[]): string[] {
  const fewest = Math.min(ROUNDS, ...points.map(({ repeats }) => repeats));
  if (fewest >= FEWEST_REPEATS) return [];
  return [`Some points were measured ${fewest === 1 ? 'only once' : 'only twice'}: their noise is not known.`];
}
