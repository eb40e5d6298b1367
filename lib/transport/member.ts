// A membership whose callbacks cannot break the transport, nor the groups beside it.

import { messageOf } from '../consensus/consensus-error.js';
import type { Peer } from '../consensus/runner-options.js';
import type { RefusalLog } from './refusal-log.js';
import type { Membership } from './transport.js';

/** What messages of one peer come on. */
export interface Incoming {
  /** Nothing more is given of it. */
  close(reason: string): void;
}

export class Member {
  readonly group: string;
  readonly configurationId: number;
  readonly pid: number;
  readonly replicaId: string;
  readonly endpoint: string;
  readonly pids: ReadonlySet<number>;
  /** By peer: the last one, and none beside it. */
  readonly incoming = new Map<number, Incoming>();
  readonly #membership: Membership;
  readonly #log: RefusalLog;
  #hasLeft = false;

  constructor(membership: Membership, log: RefusalLog) {
    const { group, configurationId, pid, replicaId, endpoint, peers } = membership;
    this.group = group;
    this.configurationId = configurationId;
    this.pid = pid;
    this.replicaId = replicaId;
    this.endpoint = endpoint;
    this.pids = new Set(peers.map((peer) => peer.pid));
    this.#membership = membership;
    this.#log = log;
  }

  get hasLeft(): boolean {
    return this.#hasLeft;
  }

  /** Nothing is told any more. */
  leave(): void {
    this.#hasLeft = true;
    for (const incoming of [...this.incoming.values()]) incoming.close('it has left the group');
  }

  refusal(pid: number, replicaId: string): string | undefined {
    if (this.#hasLeft) return 'it has left the group';
    try {
      return this.#membership.refusal(pid, replicaId);
    } catch (error) {
      return `its check of replica ids has failed: ${messageOf(error)}`;
    }
  }

  connected(pid: number): void {
    this.#tell(pid, () => this.#membership.connected(pid));
  }

  disconnected(pid: number): void {
    this.#tell(pid, () => this.#membership.disconnected(pid));
  }

  elsewhere(replica: Peer, configurationId: number): void {
    this.#tell(replica.pid, () => this.#membership.elsewhere(replica, configurationId));
  }

  excluded(pid: number): void {
    this.#tell(pid, () => this.#membership.excluded(pid));
  }

  receive(from: number, message: Uint8Array): void {
    this.#tell(from, () => this.#membership.receive(from, message));
  }

  #tell(pid: number, call: () => void): void {
    if (this.#hasLeft) return;
    try {
      call();
    } catch (error) {
      const peer = `replica ${this.pid} of group ${this.group}, about its peer ${pid}`;
      this.#log.tell(peer, `it has thrown: ${messageOf(error)}`);
    }
  }
}
