// From one configuration to the next: who the new members are is found out first, so that none is let in that nobody has met;
// then the stop-sign is proposed until it is decided.

import { ConsensusError } from '../consensus/consensus-error.js';
import type { Peer } from '../consensus/runner-options.js';
import { type Configuration, checkNext, type Member, stopSignTo } from './configurations.js';
import { endpointOf, NO_CONFIGURATION, peersOf } from './newcomer.js';
import type { ReplicaDisk } from './replica-disk.js';
import type { CheckedReplicaOptions } from './replica-options.js';
import { aborted, type Succession } from './succession.js';

/** A stop-sign that was not decided by then may have been lost. */
const RESEND_MS = 500;
/** For a new member to answer. */
const ANSWER_MS = 10_000;

/** Of a reconfiguration. */
export interface ReconfigureOptions {
  /** Bytes of the caller's own; each replica's status shows those of its configuration. */
  metadata?: Uint8Array;
  /** Ends the waiting. */
  signal?: AbortSignal;
}

interface Wish {
  peers: readonly Peer[];
  metadata: Uint8Array | undefined;
  signal: AbortSignal | undefined;
  /** Aborted once the replica ends. */
  ending: AbortSignal;
}

/** @throws ConsensusError, as of {@link Replica.reconfigure} */
export async function reconfigure<C, R>(
  disk: ReplicaDisk,
  options: CheckedReplicaOptions<C, R>,
  succession: Succession<C, R>,
  { peers, metadata, signal, ending }: Wish,
): Promise<void> {
  const current = succession.running?.configuration;
  if (current === undefined) {
    const message = 'this replica is a member of no configuration now: ask one that is';
    throw new ConsensusError('PENDING_RECONFIGURATION', message);
  }
  const members = checkNext(current, peers);
  const added = members.filter(({ pid }) => current.members.every((member) => member.pid !== pid));
  const found = await meet(disk, options, added, { signal, ending });
  const { stopSign, token } = stopSignTo(current, withReplicaIds(members, disk, found), metadata);
  for (let last = current; ; last = succession.lastDecided ?? last) {
    if (last.configurationId > current.configurationId) {
      if (last.token === token) return;
      throw cameFirst(last);
    }
    if (ending.aborted) throw ending.reason;
    if (signal?.aborted) {
      throw new ConsensusError('OUTCOME_UNKNOWN', 'the signal was aborted: the reconfiguration may be decided yet');
    }
    propose(succession, stopSign);
    const over = [ending, AbortSignal.timeout(RESEND_MS), ...(signal ? [signal] : [])];
    await succession.next(AbortSignal.any(over));
  }
}

/** A stop-sign that is pending, here or elsewhere, may come to nothing: it is proposed again. */
function propose<C, R>(
  { running }: Succession<C, R>,
  { nextConfig, metadata }: ReturnType<typeof stopSignTo>['stopSign'],
) {
  try {
    running?.runner.reconfigure(nextConfig, metadata);
  } catch (error) {
    const isTold = error instanceof ConsensusError && error.code !== 'INVALID_ARGUMENT';
    if (!isTold) throw error;
  }
}

/** Gives the replica id of each of `added`, by its own word, until `signal` or `ending` is aborted. */
async function meet<C, R>(
  disk: ReplicaDisk,
  { pid, peers, transport }: CheckedReplicaOptions<C, R>,
  added: readonly Peer[],
  { signal, ending }: Pick<Wish, 'signal' | 'ending'>,
): Promise<Map<number, string>> {
  const found = new Map<number, string>();
  if (added.length === 0) return found;
  const { group, identity } = disk;
  const answered = new AbortController();
  const link = await transport.join({
    group,
    configurationId: NO_CONFIGURATION,
    pid,
    replicaId: identity.replicaId,
    endpoint: endpointOf(pid, peersOf(peers, identity.configuration)),
    peers: added,
    refusal: (from, replicaId) => {
      const refusal = identity.refusalOfNew(from, replicaId);
      if (refusal === undefined) found.set(from, replicaId);
      return refusal;
    },
    connected: () => {
      if (found.size === added.length) answered.abort();
    },
    disconnected: () => {},
    elsewhere: () => {},
    excluded: () => {},
    receive: () => {},
  });
  try {
    const signals = [answered.signal, ending, AbortSignal.timeout(ANSWER_MS), ...(signal ? [signal] : [])];
    await aborted(AbortSignal.any(signals));
  } finally {
    await link.leave();
  }
  const silent = added.find((peer) => !found.has(peer.pid));
  if (silent === undefined) return found;
  if (ending.aborted) throw ending.reason;
  if (signal?.aborted) {
    throw new ConsensusError('NOT_DECIDED', 'the signal was aborted before the reconfiguration was proposed');
  }
  const remedy = `open it with join: true before, and see that ${silent.endpoint} reaches it`;
  throw new ConsensusError(
    'INVALID_ARGUMENT',
    `replica ${silent.pid} does not answer as one that waits to become a member of group ${group}: ${remedy}`,
  );
}

function withReplicaIds(members: readonly Member[], { identity }: ReplicaDisk, found: Map<number, string>): Member[] {
  return members.map((member) => {
    const replicaId = found.get(member.pid) ?? identity.replicaIdOf(member.pid);
    if (replicaId !== undefined) return { ...member, replicaId };
    const remedy = 'reconfigure once it has been connected, or leave it out';
    throw new ConsensusError('INVALID_ARGUMENT', `replica ${member.pid} has never been met by this one: ${remedy}`);
  });
}

function cameFirst({ configurationId, members }: Configuration): ConsensusError {
  const pids = members.map(({ pid }) => pid).join(', ');
  const message = `another reconfiguration came first: configuration ${configurationId} has the replicas ${pids}`;
  return new ConsensusError('RECONFIGURED', message);
}
