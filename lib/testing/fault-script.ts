// What befalls the replicas of a simulation, and when: all of it follows from the seed. Times are in ticks.

import type { SeededRandom } from './seeded-random.js';

/** Of the connections between replicas. */
export type NetworkFault =
  /** The connection breaks in one direction, or in both. */
  | { type: 'cut'; from: number; to: number; ticks: number; bothWays: boolean }
  | { type: 'isolate'; pid: number; ticks: number }
  /** The cluster falls in two. */
  | { type: 'split'; side: readonly number[]; ticks: number }
  /** Messages take long, and arrive on connections that have been replaced meanwhile. */
  | { type: 'slow'; ticks: number };

export type Fault =
  /** `losingPower`: writes that were not synced may be gone. */
  | { type: 'crash'; pid: number; ticks: number; losingPower: boolean }
  | { type: 'crashLeader'; ticks: number; losingPower: boolean }
  | NetworkFault;

/** Of a disk whose writes take time. */
export type DiskFault =
  | { type: 'slowDisk'; pid: number; ticks: number }
  /** The next write fails, and whether it is on the disk nobody knows. */
  | { type: 'failDisk'; pid: number };

export type Deed =
  | Fault
  | { type: 'propose'; pid: number; count: number }
  /** To `percent` of what is decided there. */
  | { type: 'compact'; pid: number; percent: number }
  | { type: 'reconfigure'; pid: number };

/** Which kinds of trouble a simulation has. */
export interface Troubles {
  /** Crashes and broken connections. Default true. */
  faults?: boolean;
  /** Single messages are lost on connections that hold. Default false. */
  loss?: boolean;
  /** Replicas compact their logs. Default true. */
  compaction?: boolean;
  /** The configuration is ended at some time. Default false. */
  reconfiguration?: boolean;
  /**
   * Much is proposed, and the event loops of some runners are busy: all that comes in within a tick or so makes one step.
   * Default false.
   */
  busy?: boolean;
}

export interface ScheduledDeed {
  time: number;
  deed: Deed;
}

export function faultScript(random: SeededRandom, pids: readonly number[], troubles: Troubles): ScheduledDeed[] {
  const { faults = true, compaction = true, reconfiguration = false, busy = false } = troubles;
  const length = random.within(60, 250);
  const longest = random.oneOf([5, 20, 60]);
  const script: ScheduledDeed[] = [];
  const add = (times: number, deed: () => Deed) => {
    for (; times > 0; times--) script.push({ time: random.within(5, length), deed: deed() });
  };
  if (faults) add(random.within(2, 14), () => fault(random, pids, random.within(1, longest)));
  add(busy ? random.within(20, 150) : random.within(4, 24), () => {
    return { type: 'propose', pid: random.oneOf(pids), count: random.chance(20) ? random.within(2, 5) : 1 };
  });
  if (compaction) {
    add(random.within(1, 10), () => {
      return { type: 'compact', pid: random.oneOf(pids), percent: random.chance(50) ? 100 : random.within(0, 100) };
    });
  }
  if (reconfiguration) add(random.within(1, 3), () => ({ type: 'reconfigure', pid: random.oneOf(pids) }));
  return script.sort((a, b) => a.time - b.time);
}

function fault(random: SeededRandom, pids: readonly number[], ticks: number): Fault {
  const pid = random.oneOf(pids);
  const other = random.oneOf(pids.filter((one) => one !== pid));
  const losingPower = random.chance(50);
  const kind = random.within(0, 11);
  if (kind <= 2) return { type: 'crash', pid, ticks, losingPower };
  if (kind <= 4) return { type: 'crashLeader', ticks, losingPower };
  if (kind <= 7) return { type: 'cut', from: pid, to: other, ticks, bothWays: kind === 7 };
  if (kind <= 9) return { type: 'isolate', pid, ticks };
  if (kind === 10) return { type: 'split', side: pids.filter((one) => one === pid || random.chance(40)), ticks };
  return { type: 'slow', ticks };
}

export function diskScript(
  random: SeededRandom,
  pids: readonly number[],
  end: number,
): { time: number; deed: DiskFault }[] {
  return Array.from({ length: random.within(0, 6) }, () => {
    const pid = random.oneOf(pids);
    const deed: DiskFault = random.chance(60)
      ? { type: 'slowDisk', pid, ticks: random.within(1, 40) }
      : { type: 'failDisk', pid };
    return { time: random.within(5, Math.max(6, end)), deed };
  }).sort((a, b) => a.time - b.time);
}
