// What each contestant of the suite is: three processes that agree, one of which leads and can be killed. Here is what is measured
// of all alike.

import { readFileSync } from 'node:fs';
import type { Numbers } from '../shared/contestant.js';
import { toSample } from '../shared/measure.js';
import type { Sample } from '../shared/protocol.js';
import { WalWatch } from '../shared/wal-watch.js';

/** Of every contestant. */
export const ELECTION_TIMEOUT_MS = 500;
export const PIDS = [1, 2, 3];

/** The kernel counts processor time for user space in hundredths of a second. */
const TICK_US = 10_000;
/** Entries of 64 KiB make the WALs as long as they will need to be. */
const FILL = { ms: 100, inFlight: 64, batch: 1, entryBytes: 64 * 1024 };
const MOST_FILLS = 300;

export interface Cluster {
  /** Who leads, once all agree. */
  leader(): Promise<number>;
  /** SIGKILL, now. */
  kill(pid: number): void;
  /** After {@link kill}. */
  restart(pid: number): Promise<void>;
  /** Resolves once one of `pids` has had something decided that was proposed behind this call. */
  decideAt(pids: readonly number[]): Promise<void>;
}

/** The sample of `measure`, with the time that `processes` took of the processors. */
export async function processorTimeOf(processes: readonly number[], measure: () => Promise<Sample>): Promise<Sample> {
  const before = processorTime(processes);
  const sample = await measure();
  const after = processorTime(processes);
  return before === undefined || after === undefined ? sample : { ...sample, processorUs: after - before };
}

/** Kills the leader `times` times. A call is from the kill to what the others decide next. */
export async function measureKills(cluster: Cluster, times: number): Promise<Sample> {
  const pauses: number[] = [];
  for (let i = 0; i < times; i++) {
    const leader = await cluster.leader();
    const others = PIDS.filter((pid) => pid !== leader);
    const start = performance.now();
    cluster.kill(leader);
    await cluster.decideAt(others);
    pauses.push(performance.now() - start);
    await cluster.restart(leader);
    for (const pid of PIDS) await cluster.decideAt([pid]); // each has caught up
  }
  const seconds = pauses.reduce((sum, ms) => sum + ms, 0) / 1000;
  return { ...toSample(pauses, 1, seconds * 1000), pausesMs: pauses };
}

/** Fills the databases in `folders` until each writes to a WAL file that has its size already. */
export async function recycleWals(
  folders: readonly string[],
  fill: (numbers: Numbers) => Promise<unknown>,
): Promise<void> {
  const watches = folders.map((folder) => new WalWatch(folder));
  for (let fills = 0; fills < MOST_FILLS; fills++) {
    if (watches.map((watch) => watch.isRecycled()).every(Boolean)) return;
    await fill(FILL);
  }
}

/** Microseconds; undefined where the system does not tell. */
function processorTime(processes: readonly number[]): number | undefined {
  try {
    const times = processes.map((pid) => {
      const [, fields = ''] = /^.*\) (.*)$/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8').trim()) ?? [];
      const [user, system] = fields.split(' ').slice(11, 13).map(Number) as [number, number];
      return (user + system) * TICK_US;
    });
    return times.reduce((sum, time) => sum + time, 0);
  } catch {
    return undefined;
  }
}
