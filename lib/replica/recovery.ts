// When a majority is lost for good: what one replica has becomes what the group has, in a configuration that nobody has decided.
// Nothing else than a person may ask for it: what only the lost replicas had decided is gone.

import { randomInt } from 'node:crypto';
import type { Database } from '../../binding/index.js';
import { checkCluster, invalid } from '../consensus/configuration.js';
import { ConsensusError } from '../consensus/consensus-error.js';
import type { Peer } from '../consensus/runner-options.js';
import type { LogIndex } from '../contract/storage.js';
import type { Configuration } from './configurations.js';
import { IDENTITIES, Identity } from './identity.js';
import { openLogIn } from './replica-disk.js';

/** A configuration that the lost replicas have begun meanwhile has another id than that of a recovery. */
const IDS_APART = 2 ** 20;

/** What the stopped replica on a disk has, from which its group could go on. */
export interface Survivor {
  readonly identity: Identity;
  readonly pid: number;
  readonly configuration: Configuration;
  /** How far it knows of decisions. */
  readonly decidedIdx: LogIndex;
  /** Where its log ends: from `decidedIdx` on nobody knows which entries were decided. */
  readonly end: LogIndex;
}

/** @throws ConsensusError INVALID_ARGUMENT where the group has no member on this disk; STORAGE_FAILED; StorageError, RocksError */
export async function findSurvivor(database: Database, group: string): Promise<Survivor> {
  const found = database.columnFamilies.includes(IDENTITIES) ? await Identity.find(database, group) : undefined;
  const configuration = found?.identity.configuration;
  if (found === undefined || configuration === undefined) {
    throw new ConsensusError('INVALID_ARGUMENT', `no member of a group ${group} is in ${database.path}`);
  }
  const log = await openLogIn(database, group, configuration);
  try {
    const [floor, length, decidedIdx] = await Promise.all([
      log.getCompactedIdx(),
      log.getLogLen(),
      log.getDecidedIdx(),
    ]);
    const end = floor + length;
    return { ...found, configuration, decidedIdx: Math.min(decidedIdx, end), end };
  } finally {
    await log.close();
  }
}

/**
 * All that the survivor's log has is decided from now on, and `peers` are the members behind it: the survivor, and others that
 * begin with `join: true` on empty disks. Durable when this resolves. Gives the id of the new configuration.
 * @throws ConsensusError INVALID_ARGUMENT, STORAGE_FAILED
 */
export async function recover(survivor: Survivor, peers: readonly Peer[]): Promise<number> {
  const { identity, pid, configuration, end } = survivor;
  const configurationId = configuration.configurationId + randomInt(1, IDS_APART);
  checkCluster('peers', { configurationId, nodes: peers.map((peer) => peer.pid) });
  if (!peers.some((peer) => peer.pid === pid)) throw invalid('peers', `replicas with ${pid} among them`, peers);
  const gone = configuration.members.flatMap((member) => (member.pid === pid ? [] : [member.pid]));
  const formerPids = [...configuration.formerPids, ...gone];
  const reused = peers.find((peer) => formerPids.includes(peer.pid));
  if (reused !== undefined) {
    throw invalid('peers', `new replicas with pids of their own beside ${pid}: ${reused.pid} was another's`, peers);
  }
  const members = peers.map((peer) => (peer.pid === pid ? { ...peer, replicaId: identity.replicaId } : peer));
  await identity.moveTo({ configurationId, begin: end + 1, members, formerPids });
  return configurationId;
}
