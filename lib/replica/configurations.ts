// Configurations of a group, one after the other: who is in each, and where it begins in what the group decides. The log of
// each is one of its own, and goes on where the one before has ended.

import { randomBytes } from 'node:crypto';
import { checkCluster, checkRecord, invalid } from '../consensus/configuration.js';
import type { Peer } from '../consensus/runner-options.js';
import type { ClusterConfig, LogIndex, StopSign } from '../contract/storage.js';

/** A replica of a configuration. */
export interface Member extends Peer {
  /** Which replica is meant by the pid; undefined in a first configuration: the one that is met first. */
  replicaId?: string;
}

export interface Configuration {
  configurationId: number;
  /** The first index of its log. */
  begin: LogIndex;
  members: readonly Member[];
  /** Of replicas that were members before: nobody else ever has one of them. */
  formerPids: readonly number[];
  /** Of who has asked for it, in base64. */
  metadata?: string;
  /** By which who has asked for it knows that it is the one. */
  token?: string;
}

/** What a stop-sign carries beside the pids. */
type Carried = Pick<Configuration, 'members' | 'formerPids' | 'metadata' | 'token'> & { version: 1 };

export function firstConfiguration(configurationId: number, members: readonly Peer[]): Configuration {
  return { configurationId, begin: 0, members, formerPids: [] };
}

/** The group's log goes on in it behind the stop-sign. */
export function clusterOf({ configurationId, members }: Configuration): ClusterConfig {
  return { configurationId, nodes: members.map(({ pid }) => pid) };
}

/**
 * `peers` as the members of the next configuration; of some the replica id is still to be found out.
 * @throws ConsensusError INVALID_ARGUMENT
 */
export function checkNext(current: Configuration, peers: unknown): Member[] {
  if (!Array.isArray(peers)) throw invalid('peers', 'an array', peers);
  const members = peers.map((peer: unknown, i) => {
    const { pid, endpoint } = checkRecord<Peer>(`peers[${i}]`, peer, ['pid', 'endpoint']);
    if (typeof endpoint !== 'string') throw invalid(`peers[${i}].endpoint`, 'a string', endpoint);
    return { pid, endpoint };
  });
  const pids = members.map(({ pid }) => pid);
  checkCluster('peers', { configurationId: current.configurationId + 1, nodes: pids });
  const former = pids.find((pid) => current.formerPids.includes(pid));
  if (former !== undefined) {
    throw invalid('peers', `replicas with pids of their own: ${former} was another's, and is never given again`, peers);
  }
  const staying = current.members.filter(({ pid }) => pids.includes(pid));
  if (2 * staying.length <= pids.length) {
    const wanted = `replicas of which more than half are members now (${current.members.map(({ pid }) => pid).join(', ')}): replace them one after the other`;
    throw invalid('peers', wanted, peers);
  }
  return members;
}

/** The configuration behind `current`, as a stop-sign has it. */
export function stopSignTo(
  current: Configuration,
  members: readonly Member[],
  metadata: Uint8Array | undefined,
): { stopSign: StopSign & { metadata: Uint8Array }; token: string } {
  const token = randomBytes(8).toString('hex');
  const left = current.members.filter(({ pid }) => members.every((member) => member.pid !== pid));
  const carried: Carried = {
    version: 1,
    members,
    formerPids: [...current.formerPids, ...left.map(({ pid }) => pid)],
    ...(metadata !== undefined && { metadata: Buffer.from(metadata).toString('base64') }),
    token,
  };
  const nextConfig = { configurationId: current.configurationId + 1, nodes: members.map(({ pid }) => pid) };
  return { stopSign: { nextConfig, metadata: Buffer.from(JSON.stringify(carried)) }, token };
}

/**
 * What begins behind the stop-sign at `index`.
 * @throws TypeError, SyntaxError where no replica has written it
 */
export function configurationBehind({ nextConfig, metadata }: StopSign, index: LogIndex): Configuration {
  const { version, ...carried } = JSON.parse(Buffer.from(metadata ?? []).toString()) as Carried;
  if (version !== 1) throw new TypeError(`a stop-sign of version ${version}, where 1 is known`);
  const { configurationId, nodes } = nextConfig;
  const configuration = checkConfiguration({ configurationId, begin: index + 1, ...carried });
  const pids = configuration.members.map(({ pid }) => pid);
  if (pids.join() !== nodes.join()) throw new TypeError('a stop-sign with two lists of replicas');
  return configuration;
}

/** As it was stored. @throws TypeError where it is none */
export function checkConfiguration(stored: unknown): Configuration {
  const { configurationId, begin, members, formerPids, metadata, token } = stored as Configuration;
  const isText = (value: unknown) => value === undefined || typeof value === 'string';
  const isMember = ({ pid, endpoint, replicaId }: Member) =>
    Number.isSafeInteger(pid) && typeof endpoint === 'string' && isText(replicaId);
  const isOne =
    Number.isSafeInteger(configurationId) &&
    Number.isSafeInteger(begin) &&
    begin >= 0 &&
    Array.isArray(members) &&
    members.every(isMember) &&
    Array.isArray(formerPids) &&
    formerPids.every(Number.isSafeInteger) &&
    isText(metadata) &&
    isText(token);
  if (!isOne) throw new TypeError('it names no configuration');
  return {
    configurationId,
    begin,
    members,
    formerPids,
    ...(metadata !== undefined && { metadata }),
    ...(token !== undefined && { token }),
  };
}
