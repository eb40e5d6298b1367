import { ConsensusError } from '../consensus/consensus-error.js';
import type { Membership, Transport, TransportLink } from '../transport/transport.js';
import { PartitionController } from './partition-controller.js';

interface Member {
  membership: Membership;
  key: string;
}

interface Sent {
  /** As it was sent: what has left since gets nothing, and nothing of it arrives. */
  from: Member;
  to: Member;
  connection: number;
  message: Uint8Array;
}

/**
 * A transport in memory: the replicas of one process that are given the same one reach each other, endpoints aside. Messages
 * arrive in the next turn of the event loop. A way that is cut has lost its connection; once it is open again, the next
 * message makes a new one, as over TCP.
 */
export class MemTransport implements Transport {
  /** Which ways are cut, of all groups alike. */
  readonly partition = new PartitionController();
  readonly #members = new Map<string, Member>();
  /** By way: the number of its connection; none where it is broken. */
  readonly #connections = new Map<string, number>();
  #lastConnection = 0;
  #underWay: Sent[] = [];
  #isDelivering = false;

  /** {@link Transport.join}. @throws ConsensusError INVALID_ARGUMENT */
  async join(membership: Membership): Promise<TransportLink> {
    const { group, configurationId, pid, peers } = membership;
    const keyOf = (other: number) => `${group} ${configurationId} ${other}`;
    const member: Member = { membership, key: keyOf(pid) };
    if (this.#members.has(member.key)) {
      throw new ConsensusError('INVALID_ARGUMENT', `replica ${pid} of group ${group} has joined already`);
    }
    this.#members.set(member.key, member);
    const peerOf = (to: number) => (isPeer(member, to) ? this.#members.get(keyOf(to)) : undefined);
    for (const peer of peers) {
      const other = peerOf(peer.pid);
      if (other !== undefined) this.#connect(member, other);
      else this.#tellElsewhere(member, peer.pid);
    }
    return {
      send: (to, message) => {
        if (this.#members.get(member.key) !== member || !isPeer(member, to)) return;
        const other = peerOf(to);
        if (other !== undefined) this.#send(member, other, message);
        else this.#tellElsewhere(member, to);
      },
      isConnected: (to) => {
        const other = peerOf(to);
        return other !== undefined && this.#connections.has(wayOf(member, other));
      },
      leave: async () => {
        if (this.#members.get(member.key) === member) this.#members.delete(member.key);
        for (const peer of peers) {
          const other = peerOf(peer.pid);
          if (other !== undefined) this.#break(member, other);
        }
      },
    };
  }

  /** {@link Transport.close}: nobody reaches anybody any more. */
  async close(): Promise<void> {
    this.#members.clear();
    this.#connections.clear();
    this.#underWay = [];
  }

  #send(from: Member, to: Member, message: Uint8Array): void {
    if (this.partition.isBlocked(from.membership.pid, to.membership.pid)) {
      this.#break(from, to);
      return;
    }
    const connection = this.#connections.get(wayOf(from, to)) ?? this.#connect(from, to);
    if (connection === undefined) return;
    this.#underWay.push({ from, to, connection, message: Uint8Array.from(message) });
    if (this.#isDelivering) return;
    this.#isDelivering = true;
    setImmediate(() => {
      this.#isDelivering = false;
      this.#deliver();
    });
  }

  #deliver(): void {
    for (const { from, to, connection, message } of this.#underWay.splice(0)) {
      const isThere = this.#members.get(to.key) === to && this.#connections.get(wayOf(from, to)) === connection;
      if (!isThere) continue;
      if (this.partition.isBlocked(from.membership.pid, to.membership.pid)) this.#break(from, to);
      else to.membership.receive(from.membership.pid, message);
    }
  }

  /** Undefined where one of them refuses the other, or the way is cut. */
  #connect(one: Member, other: Member): number | undefined {
    const [a, b] = [one.membership, other.membership];
    if (this.#isCut(a.pid, b.pid)) return undefined;
    if (!isPeer(other, a.pid)) {
      a.excluded(b.pid);
      return undefined;
    }
    if ((a.refusal(b.pid, b.replicaId) ?? b.refusal(a.pid, a.replicaId)) !== undefined) return undefined;
    const connection = ++this.#lastConnection;
    this.#connections.set(wayOf(one, other), connection);
    a.connected(b.pid);
    b.connected(a.pid);
    return connection;
  }

  /** Where `to` is in another configuration, both hear of it. */
  #tellElsewhere({ membership }: Member, to: number): void {
    const { group, pid, configurationId, endpoint } = membership;
    if (this.#isCut(pid, to)) return;
    const there = [...this.#members.values()].filter((other) => {
      return other.membership.group === group && other.membership.pid === to;
    });
    for (const other of there) {
      membership.elsewhere({ pid: to, endpoint: other.membership.endpoint }, other.membership.configurationId);
      other.membership.elsewhere({ pid, endpoint }, configurationId);
    }
  }

  #isCut(one: number, other: number): boolean {
    return this.partition.isBlocked(one, other) || this.partition.isBlocked(other, one);
  }

  #break(one: Member, other: Member): void {
    if (!this.#connections.delete(wayOf(one, other))) return;
    one.membership.disconnected(other.membership.pid);
    other.membership.disconnected(one.membership.pid);
  }
}

function isPeer({ membership }: Member, pid: number): boolean {
  return membership.peers.some((peer) => peer.pid === pid);
}

/** The same in both directions. */
function wayOf(one: Member, other: Member): string {
  return [one.key, other.key].sort().join(' ');
}
