// What a replica is told when it is opened, checked.

import type { Database } from '../../binding/index.js';
import {
  checkCluster,
  checkCodec,
  checkFlag,
  checkInteger,
  checkRecord,
  checkServer,
  invalid,
} from '../consensus/configuration.js';
import type { Peer } from '../consensus/runner-options.js';
import type { Codec } from '../contract/codec.js';
import { checkDatabase } from '../contract/validate.js';
import { msgpackCodec } from '../format/msgpack-codec.js';
import type { Transport } from '../transport/transport.js';
import type { StateMachine } from './state.js';

/** What {@link Replica.open} takes. */
export interface ReplicaOptions<C, R> {
  /** Where its database is, or a database that others use too: it is open, and stays open. */
  path: string | Database;
  /** Which of `peers` this one is. */
  pid: number;
  /**
   * All replicas of the group, this one among them. Who they are counts for the first start, behind which the disk knows; where
   * they are, for each: an endpoint that is given here takes the place of the one that the configuration names.
   */
  peers: readonly Peer[];
  /** Of the group's first configuration, for `bootstrap`. Default 1. */
  configurationId?: number;
  /** True for the first start of a replica of a new group on its disk, and never again. Default false. */
  bootstrap?: boolean;
  /**
   * For `bootstrap`: the new group begins with what is in it, see {@link Replica.backup}. All its replicas must be given the same.
   * Its first configuration has an id of its own.
   */
  backup?: AsyncIterable<Uint8Array>;
  /**
   * True for the first start of a replica of a group that runs already, on a disk of its own: it waits until a reconfiguration
   * makes it a member, and takes the state from those that are. Default false.
   */
  join?: boolean;
  /** Which group, of those that share a database or a transport: 1 to 64 letters, digits, `-` and `_`. Default 'default'. */
  group?: string;
  /** Its own: two replicas must not share one. */
  stateMachine: StateMachine<C, R>;
  /** Default: msgpackr. */
  commandCodec?: Codec<C>;
  /** Stays open when the replica stops. */
  transport: Transport;
  /** Milliseconds between ticks. Default 20. */
  tickIntervalMs?: number;
  /** Ticks after which a silent leader is replaced; longer than the slowest fsync. Default 5. */
  electionTicks?: number;
  /** A snapshot is taken behind so many entries. Default 100,000. */
  snapshotEveryEntries?: number;
  /** Or behind so many bytes of entries. Default 64 MiB. */
  snapshotEveryBytes?: number;
  /** So many entries stay in the log behind a snapshot, for peers that lag a little. Default 10,000. */
  keepEntries?: number;
  /** Bytes of proposals that are under way at once; past it `propose` waits. Default 64 MiB. */
  maxInFlightBytes?: number;
  /**
   * Bytes of states that are sent a second, to all peers together that lack what the log has no longer; 1 MiB at the least.
   * Default 64 MiB.
   */
  stateBytesPerSecond?: number;
  /** As of `PaxosRunner`. Default true. */
  earlyRelease?: boolean;
}

export type CheckedReplicaOptions<C, R> = Required<Omit<ReplicaOptions<C, R>, 'backup'>> &
  Pick<ReplicaOptions<C, R>, 'backup'>;

const NAMES = [
  'path',
  'pid',
  'peers',
  'configurationId',
  'bootstrap',
  'backup',
  'join',
  'group',
  'stateMachine',
  'commandCodec',
  'transport',
  'tickIntervalMs',
  'electionTicks',
  'snapshotEveryEntries',
  'snapshotEveryBytes',
  'keepEntries',
  'maxInFlightBytes',
  'stateBytesPerSecond',
  'earlyRelease',
];
const GROUP = /^[A-Za-z0-9_-]{1,64}$/;
const MIB = 1024 * 1024;
const MAX = Number.MAX_SAFE_INTEGER;

/** The runner checks what is passed on to it. @throws ConsensusError INVALID_ARGUMENT */
export function checkReplicaOptions<C, R>(options: ReplicaOptions<C, R>): CheckedReplicaOptions<C, R> {
  const given = checkRecord<ReplicaOptions<C, R>>('options', options, NAMES);
  const { pid, peers, configurationId = 1, group = 'default', electionTicks = 5 } = given;
  if (!Array.isArray(peers)) throw invalid('peers', 'an array', peers);
  const nodes = peers.map((peer: unknown, i) => checkRecord<Peer>(`peers[${i}]`, peer, ['pid', 'endpoint']).pid);
  const cluster = checkCluster('peers', { configurationId, nodes });
  const server = checkServer({ pid, electionTickTimeout: electionTicks }, cluster);
  const [bootstrap, join] = [checkFlag('bootstrap', given.bootstrap), checkFlag('join', given.join)];
  if (bootstrap && join) throw invalid('join', 'false where bootstrap is true: a group is begun or joined', join);
  if (given.backup !== undefined && !bootstrap)
    throw invalid('backup', 'left out where bootstrap is not true', given.backup);
  if (typeof group !== 'string' || !GROUP.test(group))
    throw invalid('group', '1 to 64 letters, digits, - and _', group);
  return {
    pid: server.pid,
    electionTicks: server.electionTickTimeout,
    configurationId: cluster.configurationId,
    path: typeof given.path === 'string' ? given.path : checkDatabase('path', given.path),
    peers,
    bootstrap,
    ...(given.backup !== undefined && { backup: checkBackup(given.backup) }),
    join,
    group,
    stateMachine: checkFunctions('stateMachine', given.stateMachine, ['apply', 'snapshot', 'restore']),
    commandCodec: checkCodec<C>('commandCodec', given.commandCodec ?? msgpackCodec<C>()),
    transport: checkFunctions('transport', given.transport, ['join', 'close']),
    tickIntervalMs: checkInteger('tickIntervalMs', given.tickIntervalMs ?? 20, 1, 60_000),
    snapshotEveryEntries: checkInteger('snapshotEveryEntries', given.snapshotEveryEntries ?? 100_000, 1, MAX),
    snapshotEveryBytes: checkInteger('snapshotEveryBytes', given.snapshotEveryBytes ?? 64 * MIB, 1, MAX),
    keepEntries: checkInteger('keepEntries', given.keepEntries ?? 10_000, 0, MAX),
    maxInFlightBytes: checkInteger('maxInFlightBytes', given.maxInFlightBytes ?? 64 * MIB, 1, MAX),
    stateBytesPerSecond: checkInteger('stateBytesPerSecond', given.stateBytesPerSecond ?? 64 * MIB, MIB, MAX),
    earlyRelease: checkFlag('earlyRelease', given.earlyRelease, true),
  };
}

function checkBackup(value: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  const isIterable = typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
  if (!isIterable) throw invalid('backup', 'a stream, or another async iterable of bytes', value);
  return value;
}

function checkFunctions<V extends object>(argument: string, value: V, names: readonly (keyof V & string)[]): V {
  const functions = (typeof value === 'object' && value !== null ? value : {}) as Partial<V>;
  const missing = names.find((name) => typeof functions[name] !== 'function');
  if (missing !== undefined) throw invalid(argument, `an object with the functions ${names.join(', ')}`, value);
  return value;
}
