import type { PackedBatch } from '../../binding/packed-batch.js';
import type { LogIndex } from '../contract/storage.js';

/**
 * How a state gets to a peer that lacks what the log has no longer. It goes another way than the engine's messages; a sync
 * that rests on it is sent once the peer has it, and taken in the one write that makes it the replica's own.
 */
export interface StateExchange {
  /** The index of the state that can be given. */
  readonly stateAt: LogIndex | undefined;
  /** The peers that have it, by their own word. */
  readonly givenTo: readonly number[];
  /** A sync that would be longer is to rest on a state. */
  readonly maxSyncBytes: number;
  /** A sync is longer for want of a newer state. */
  isOutgrown(): void;
  /** Whether `pid` has the state at `index`, by its own word. Where it has not, it is to be offered it. */
  isGiven(pid: number, index: LogIndex): boolean;
  /**
   * Whether a peer's state at `index` has come, and can be made this replica's own. Where it can, it must stay so: the engine
   * is given the message that rests on it, and may use that much later, when it has won an election.
   */
  hasArrived(index: LogIndex): boolean;
  /** The records that do so: they are written at once. */
  install(index: LogIndex): PackedBatch;
  /** They are durable, and the log begins at `index`. */
  installed(index: LogIndex): void;
}
