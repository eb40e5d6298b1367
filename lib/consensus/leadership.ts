// Who leads, as a replica shows it, with a number that fences.

import type { Ballot } from '../contract/storage.js';
import type { EngineView } from './packed-step.js';

/**
 * Whom a replica takes for the leader. Another may have been elected meanwhile, which it does not know of yet. `epoch`
 * grows with every election: a service that writes elsewhere gives it along, and whoever takes such writes refuses an
 * epoch below one that it has seen.
 */
export type LeadershipState =
  | { role: 'leader'; epoch: bigint }
  /** `endpoint` is what `peers` says of the leader. */
  | { role: 'follower'; leader: number; endpoint: string | undefined; epoch: bigint }
  /** No leader is known, or its election is not over. */
  | { role: 'unknown' };

/** The ballot as one number: configuration, round, priority, pid (16 bits: pids are small), in the order in which they weigh. */
export function epochOf({ configId, n, priority, pid }: Ballot): bigint {
  return (BigInt(configId) << 80n) | (BigInt(n) << 48n) | (BigInt(priority) << 16n) | BigInt(pid);
}

export function leadershipOf(
  { currentLeader, promise }: EngineView,
  me: number,
  endpoints: ReadonlyMap<number, string>,
): LeadershipState {
  if (!currentLeader?.inAcceptPhase) return { role: 'unknown' };
  const epoch = epochOf(promise);
  const { pid: leader } = currentLeader;
  return leader === me
    ? { role: 'leader', epoch }
    : { role: 'follower', leader, endpoint: endpoints.get(leader), epoch };
}

/** An epoch has one leader. */
export function isSameLeadership(one: LeadershipState, other: LeadershipState): boolean {
  if (one.role === 'unknown' || other.role === 'unknown') return one.role === other.role;
  return one.role === other.role && one.epoch === other.epoch;
}
