import { ConsensusError } from '../consensus/consensus-error.js';
import type { MessageSink } from '../consensus/message-sink.js';
import { checkPid, PartitionController } from './partition-controller.js';

type Receive = (from: number, message: Uint8Array) => void;

interface Sent {
  from: number;
  to: number;
  message: Uint8Array;
}

/**
 * A network in memory, which delivers only when it is told to: all in the order in which it was sent. What is sent or would
 * be delivered on a way that is cut is lost.
 */
export class MemNetwork {
  /** Which ways are cut. */
  readonly partition = new PartitionController();
  readonly #receivers = new Map<number, Receive>();
  #underWay: Sent[] = [];

  /**
   * What the replica `pid` sends with. One that registers again has started again: what was under way to it and from it is
   * lost.
   */
  register(pid: number, receive: Receive): MessageSink {
    checkPid('pid', pid);
    if (typeof receive !== 'function') {
      throw new ConsensusError('INVALID_ARGUMENT', `receive must be a function, not ${String(receive)}`);
    }
    this.unregister(pid);
    this.#receivers.set(pid, receive);
    return {
      send: (to, message) => {
        if (this.#receivers.get(pid) !== receive || this.partition.isBlocked(pid, to)) return;
        this.#underWay.push({ from: pid, to, message: Uint8Array.from(message) });
      },
    };
  }

  /** The replica is gone, and what was under way to it and from it. */
  unregister(pid: number): void {
    this.#receivers.delete(pid);
    this.#underWay = this.#underWay.filter(({ from, to }) => from !== pid && to !== pid);
  }

  /**
   * Delivers until nothing is under way, what is sent meanwhile included. Returns how many messages arrived. What a
   * receiver throws is thrown; its message is gone, the others stay.
   */
  deliver(): number {
    let delivered = 0;
    while (this.deliverOne()) delivered++;
    return delivered;
  }

  /** Delivers the oldest message that can arrive. Returns false where none can. */
  deliverOne(): boolean {
    for (let sent = this.#underWay.shift(); sent !== undefined; sent = this.#underWay.shift()) {
      const receive = this.#receivers.get(sent.to);
      if (receive === undefined || this.partition.isBlocked(sent.from, sent.to)) continue;
      receive(sent.from, sent.message);
      return true;
    }
    return false;
  }
}
