// `omnipaxos-rocksdb/consensus`: OmniPaxos itself.

export type { ServerConfig } from './configuration.js';
export { ConsensusError, type ConsensusErrorCode } from './consensus-error.js';
export type { OutgoingMessage } from './driven-engine.js';
export type { LogEntry } from './log-entry.js';
export { OmniPaxos, type OmniPaxosOptions } from './omni-paxos.js';
