// `omnipaxos-rocksdb/consensus`: OmniPaxos itself, and its way between processes.

export type { Backup } from '../replica/backup.js';
export type { Applied, ProposeOptions } from '../replica/proposals.js';
export type { ReconfigureOptions } from '../replica/reconfigure.js';
export { Replica, type ReplicaStatus } from '../replica/replica.js';
export type { ReplicaOptions } from '../replica/replica-options.js';
export type { PeerStatus } from '../replica/running-configuration.js';
export type { StateMachine } from '../replica/state.js';
export type { TlsCredentials } from '../transport/credentials.js';
export type { TcpTransportOptions } from '../transport/tcp-options.js';
export { TcpTransport } from '../transport/tcp-transport.js';
export type { Membership, Transport, TransportLink } from '../transport/transport.js';
export type { ServerConfig } from './configuration.js';
export { ConsensusError, type ConsensusErrorCode } from './consensus-error.js';
export type { DecidedBatch, DecidedItem } from './decided-reader.js';
export type { OutgoingMessage } from './driven-engine.js';
export type { LeadershipState } from './leadership.js';
export type { LogEntry } from './log-entry.js';
export type { MessageSink } from './message-sink.js';
export { OmniPaxos, type OmniPaxosOptions } from './omni-paxos.js';
export { PaxosRunner, type ReaderOptions } from './paxos-runner.js';
export type { Peer, RunnerOptions } from './runner-options.js';
