// What a replica is told about its cluster and itself, checked before an engine is made of it.

import { inspect } from 'node:util';
import type { Codec } from '../contract/codec.js';
import type { ClusterConfig, NodeId } from '../contract/storage.js';
import { ConsensusError } from './consensus-error.js';

/** How one replica behaves. A tick is a call of `tick()`. */
export interface ServerConfig {
  /** One of the cluster's nodes. */
  pid: number;
  /** Ticks after which a silent leader is replaced; longer than the slowest fsync. Default 5. */
  electionTickTimeout?: number;
  /** Ticks after which a message counts as lost. Default 100. */
  resendMessageTickTimeout?: number;
  /** Of two replicas that could lead, the higher one does. A u32, default 0. */
  leaderPriority?: number;
}

/** The engine keeps lists as long as the highest pid. */
export const MAX_PID = 1024;
const MAX_U32 = 2 ** 32 - 1;

const CLUSTER_NAMES = ['configurationId', 'nodes', 'flexibleQuorum'];
const QUORUM_NAMES = ['readQuorumSize', 'writeQuorumSize'];
const SERVER_NAMES = ['pid', 'electionTickTimeout', 'resendMessageTickTimeout', 'leaderPriority'];

export type CheckedCluster = ClusterConfig & { nodes: number[] };
export type CheckedServer = Required<ServerConfig>;

export function invalid(argument: string, wanted: string, given: unknown): ConsensusError {
  const shown = inspect(given, { depth: 1, maxStringLength: 40, maxArrayLength: 8, breakLength: Infinity });
  return new ConsensusError('INVALID_ARGUMENT', `${argument} must be ${wanted}, not ${shown}`);
}

/**
 * A copy. `above` is the id of the configuration that it follows.
 * @throws ConsensusError INVALID_ARGUMENT
 */
export function checkCluster(argument: string, value: unknown, above = 0): CheckedCluster {
  const { configurationId, nodes, flexibleQuorum } = checkRecord<ClusterConfig>(argument, value, CLUSTER_NAMES);
  checkInteger(`${argument}.configurationId`, configurationId, above + 1, MAX_U32);
  if (!Array.isArray(nodes)) throw invalid(`${argument}.nodes`, 'an array of pids', nodes);
  const pids = Array.from(nodes as NodeId[], (node, i) => {
    const pid: unknown = typeof node === 'bigint' && node <= MAX_U32 ? Number(node) : node;
    return checkInteger(`${argument}.nodes[${i}]`, pid, 1, MAX_PID);
  });
  if (pids.length < 2) throw invalid(`${argument}.nodes`, 'two pids at the least', nodes);
  if (new Set(pids).size !== pids.length) throw invalid(`${argument}.nodes`, 'pids that differ', nodes);
  const cluster: CheckedCluster = { configurationId, nodes: pids };
  if (flexibleQuorum !== undefined) {
    cluster.flexibleQuorum = checkQuorum(`${argument}.flexibleQuorum`, flexibleQuorum, pids.length);
  }
  return cluster;
}

function checkQuorum(argument: string, value: unknown, nodes: number): NonNullable<ClusterConfig['flexibleQuorum']> {
  type Quorum = NonNullable<ClusterConfig['flexibleQuorum']>;
  const { readQuorumSize, writeQuorumSize } = checkRecord<Quorum>(argument, value, QUORUM_NAMES);
  checkInteger(`${argument}.readQuorumSize`, readQuorumSize, 2, nodes);
  // A smaller one is for reads: a larger one would make appends wait for more replicas than elections do.
  checkInteger(`${argument}.writeQuorumSize`, writeQuorumSize, 2, readQuorumSize);
  if (readQuorumSize + writeQuorumSize <= nodes) {
    throw invalid(argument, `two sizes whose sum is above the number of nodes, ${nodes}`, value);
  }
  return { readQuorumSize, writeQuorumSize };
}

/** With the defaults. @throws ConsensusError INVALID_ARGUMENT */
export function checkServer(value: unknown, cluster: CheckedCluster): CheckedServer {
  const given = checkRecord<ServerConfig>('server', value, SERVER_NAMES);
  const { pid, electionTickTimeout = 5, resendMessageTickTimeout = 100, leaderPriority = 0 } = given;
  if (!cluster.nodes.includes(pid)) throw invalid('server.pid', `one of the nodes ${cluster.nodes.join(', ')}`, pid);
  checkInteger('server.electionTickTimeout', electionTickTimeout, 1, MAX_U32);
  checkInteger('server.resendMessageTickTimeout', resendMessageTickTimeout, 1, MAX_U32);
  checkInteger('server.leaderPriority', leaderPriority, 0, MAX_U32);
  return { pid, electionTickTimeout, resendMessageTickTimeout, leaderPriority };
}

/** @throws ConsensusError INVALID_ARGUMENT */
export function checkInteger(argument: string, value: unknown, lowest: number, highest: number): number {
  if (!Number.isInteger(value) || (value as number) < lowest || (value as number) > highest) {
    throw invalid(argument, `an integer from ${lowest} to ${highest}`, value);
  }
  return value as number;
}

/** False where it is not given. @throws ConsensusError INVALID_ARGUMENT */
export function checkFlag(argument: string, value: unknown, otherwise = false): boolean {
  if (value === undefined) return otherwise;
  if (typeof value !== 'boolean') throw invalid(argument, 'a boolean', value);
  return value;
}

/** @throws ConsensusError INVALID_ARGUMENT */
export function checkSignal(signal: unknown): AbortSignal | undefined {
  if (signal === undefined || signal instanceof AbortSignal) return signal;
  throw invalid('options.signal', 'an AbortSignal', signal);
}

/** An object with none but the known names: a misspelt one must not pass for its default. */
export function checkRecord<V extends object>(argument: string, value: unknown, known: readonly string[]): V {
  if (Object.prototype.toString.call(value) !== '[object Object]') throw invalid(argument, 'an object', value);
  const unknown = Object.keys(value as object).find((name) => !known.includes(name));
  if (unknown !== undefined) throw invalid(argument, `an object with ${known.join(', ')} and no other name`, value);
  return value as V;
}

/** @throws ConsensusError INVALID_ARGUMENT */
export function checkCodec<V>(argument: string, value: unknown): Codec<V> {
  const { encode, decode } = (typeof value === 'object' && value !== null ? value : {}) as Partial<Codec<V>>;
  if (typeof encode !== 'function' || typeof decode !== 'function') {
    throw invalid(argument, 'a codec, an object with the functions encode and decode', value);
  }
  return value as Codec<V>;
}
