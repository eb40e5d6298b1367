// Between replicas and what carries their messages: lib/replica/ knows no sockets, and a transport knows no consensus.

import type { MessageSink } from '../consensus/message-sink.js';
import type { Peer } from '../consensus/runner-options.js';

/** A replica on a transport: who it is, whom it talks with, and what it is to be told. */
export interface Membership {
  /** Which group, of those that share a transport. */
  group: string;
  /** Which configuration of it: messages of another are refused. 0: it waits to become a member of one. */
  configurationId: number;
  /** Of this replica. */
  pid: number;
  /** Of this replica, by which its peers know that it is the one they mean: 16 hexadecimal digits. */
  replicaId: string;
  /** Where its peers reach this replica: told to a peer that has not heard of the configuration. */
  endpoint: string;
  /** All others of the configuration, and where they listen. */
  peers: readonly Peer[];
  /** Why no connection with the peer is to be made, if it names this replica id; undefined where all is well. */
  refusal(pid: number, replicaId: string): string | undefined;
  /** There is a new connection with the peer, made by either side; told before anything that comes on it. */
  connected(pid: number): void;
  /** A connection with the peer has ended. */
  disconnected(pid: number): void;
  /**
   * Another replica of the group, which may be none of the peers, says that it is in that configuration: nothing goes between
   * the two.
   */
  elsewhere(replica: Peer, configurationId: number): void;
  /** The peer, in the same configuration, says that this replica is no member of it. */
  excluded(pid: number): void;
  /** A message of the peer, whose memory is its receiver's own. What came on a connection before the last is not given. */
  receive(from: number, message: Uint8Array): void;
}

/** The way to the peers of one {@link Membership}. */
export interface TransportLink extends MessageSink {
  /**
   * To a peer; dropped where there is no connection. Gives a promise where the peer takes no more just now: who sends on
   * before it resolves fills memory.
   */
  send(to: number, message: Uint8Array): void | Promise<void>;
  /** Whether messages to the peer go anywhere. */
  isConnected(pid: number): boolean;
  /** Nothing is told any more, and the connections of this membership are given up. */
  leave(): Promise<void>;
}

/** Carries messages between replicas of any number of groups. */
export interface Transport {
  /**
   * Connects a replica with its peers, and goes on trying to. It may be in several configurations of a group at once.
   * @throws ConsensusError INVALID_ARGUMENT where the configuration is joined already, or an endpoint is none
   */
  join(membership: Membership): Promise<TransportLink>;
  /** Ends every connection, and listens no more. */
  close(): Promise<void>;
}
