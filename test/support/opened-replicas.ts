import { afterEach } from '@jest/globals';
import { ReplicasOfCounters } from './replicas-of-counters.js';

const opened: ReplicasOfCounters[] = [];

afterEach(async () => {
  await Promise.all(opened.splice(0).map((each) => each.stop()));
});

/** `replicas`, stopped after the test. */
export function stoppedAfterwards(replicas: ReplicasOfCounters): ReplicasOfCounters {
  opened.push(replicas);
  return replicas;
}

/** Three that keep no entries below their snapshots, unless `options` say otherwise; stopped after the test. */
export async function three(options: Parameters<typeof ReplicasOfCounters.three>[0] = {}): Promise<ReplicasOfCounters> {
  return stoppedAfterwards(await ReplicasOfCounters.three({ keepEntries: 0, ...options }));
}
