// What a runner is told when it is opened, checked.

import type { Codec } from '../contract/codec.js';
import type { AsyncStorage, ClusterConfig } from '../contract/storage.js';
import { msgpackCodec } from '../format/msgpack-codec.js';
import { rawCodec } from '../format/raw-codec.js';
import { PromisedStorage } from '../log/promised-storage.js';
import { accessOf } from '../log/storage-methods.js';
import {
  type CheckedCluster,
  type CheckedServer,
  checkCluster,
  checkCodec,
  checkFlag,
  checkInteger,
  checkRecord,
  checkServer,
  invalid,
  type ServerConfig,
} from './configuration.js';
import type { BytesStorage } from './run-ahead.js';

/** A replica of the cluster, as clients need to know it. */
export interface Peer {
  /** One of the cluster's nodes. */
  pid: number;
  /** Where clients reach it; told with the leadership. */
  endpoint: string;
}

/** What {@link PaxosRunner.open} takes. */
export interface RunnerOptions<T> {
  /** The configuration that this replica is part of, the same on all of them. */
  cluster: ClusterConfig;
  /** Which replica of it this is, and how patient. */
  server: ServerConfig;
  /**
   * An `AsyncRocksdbStorage` or `AsyncMemStorage` with `entryCodec: rawCodec`: entries are encoded once, by `entryCodec`
   * here, and cross as they are. Nobody else writes to it, but whoever compacts it within what is decided.
   */
  storage: AsyncStorage<Uint8Array>;
  /** Where clients reach the replicas. Default: nobody knows. */
  peers?: readonly Peer[];
  /** Milliseconds between ticks, once started. Default 20. */
  tickIntervalMs?: number;
  /**
   * True for the first start of a replica on its storage, and never again: a storage that holds nothing is otherwise taken
   * for one that was lost, with votes on it. Default false.
   */
  bootstrap?: boolean;
  /** Default: msgpackr. */
  entryCodec?: Codec<T>;
  /**
   * A leader sends entries to its peers while its own disk still writes them, so that the fsyncs of leader and followers
   * overlap. Nothing else is shown any earlier, and its own vote counts once it is durable. Default true; false makes one entry
   * at a time take the time of both.
   */
  earlyRelease?: boolean;
}

export interface CheckedRunnerOptions<T> {
  cluster: CheckedCluster;
  server: CheckedServer;
  storage: BytesStorage;
  endpoints: Map<number, string>;
  tickIntervalMs: number;
  bootstrap: boolean;
  entryCodec: Codec<T>;
  earlyRelease: boolean;
}

const NAMES = ['cluster', 'server', 'storage', 'peers', 'tickIntervalMs', 'bootstrap', 'entryCodec', 'earlyRelease'];
/** The longest that a timer of Node's can wait. */
const MAX_INTERVAL_MS = 2 ** 31 - 1;

/** @throws ConsensusError INVALID_ARGUMENT */
export function checkRunnerOptions<T>(options: RunnerOptions<T>): CheckedRunnerOptions<T> {
  const given = checkRecord<RunnerOptions<T>>('options', options, NAMES);
  const { peers = [], tickIntervalMs = 20, entryCodec = msgpackCodec<T>() } = given;
  const cluster = checkCluster('cluster', given.cluster);
  return {
    cluster,
    server: checkServer(given.server, cluster),
    storage: checkStorage(given.storage),
    endpoints: checkPeers(peers, cluster),
    tickIntervalMs: checkInteger('tickIntervalMs', tickIntervalMs, 1, MAX_INTERVAL_MS),
    bootstrap: checkFlag('bootstrap', given.bootstrap),
    entryCodec: checkCodec<T>('entryCodec', entryCodec),
    earlyRelease: checkFlag('earlyRelease', given.earlyRelease, true),
  };
}

function checkStorage(storage: unknown): BytesStorage {
  const wanted = 'an AsyncRocksdbStorage or AsyncMemStorage with entryCodec: rawCodec';
  if (!(storage instanceof PromisedStorage)) throw invalid('storage', wanted, storage);
  if (accessOf(storage).codecs.entry !== rawCodec) throw invalid('storage', wanted, storage);
  return storage;
}

function checkPeers(peers: unknown, { nodes }: CheckedCluster): Map<number, string> {
  if (!Array.isArray(peers)) throw invalid('peers', 'an array', peers);
  const endpoints = new Map<number, string>();
  peers.forEach((peer: unknown, i) => {
    const { pid, endpoint } = checkRecord<Peer>(`peers[${i}]`, peer, ['pid', 'endpoint']);
    if (!nodes.includes(pid)) throw invalid(`peers[${i}].pid`, `one of the nodes ${nodes.join(', ')}`, pid);
    if (endpoints.has(pid)) throw invalid(`peers[${i}].pid`, 'a pid that is not named twice', pid);
    if (typeof endpoint !== 'string') throw invalid(`peers[${i}].endpoint`, 'a string', endpoint);
    endpoints.set(pid, endpoint);
  });
  return endpoints;
}
