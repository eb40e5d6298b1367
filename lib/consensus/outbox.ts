// Messages on their way to a sink, which may hang or throw: it holds up nobody but the messages to the same peer, and of
// these the oldest are dropped where too many wait.

import type { OutgoingMessage } from './driven-engine.js';
import type { MessageSink } from './message-sink.js';

export interface OutboxLimits {
  messages: number;
  bytes: number;
}

/** Of what waits for one peer. The newest message may be larger by itself. */
export const OUTBOX_LIMITS: OutboxLimits = { messages: 4096, bytes: 64 * 1024 * 1024 };

interface Waiting {
  messages: Uint8Array[];
  bytes: number;
  /** The sink has not finished with the message before. */
  isSending: boolean;
}

export class Outbox {
  readonly #sink: MessageSink;
  readonly #limits: OutboxLimits;
  readonly #peers = new Map<number, Waiting>();
  #isClosed = false;

  constructor(sink: MessageSink, limits = OUTBOX_LIMITS) {
    this.#sink = sink;
    this.#limits = limits;
  }

  /** Never throws. */
  send({ to, bytes }: OutgoingMessage): void {
    let peer = this.#peers.get(to);
    if (peer === undefined) {
      peer = { messages: [], bytes: 0, isSending: false };
      this.#peers.set(to, peer);
    }
    // One that waits is copied: as a view it would keep all that its step has given.
    peer.messages.push(peer.isSending ? Buffer.from(bytes) : bytes);
    peer.bytes += bytes.byteLength;
    while (peer.messages.length > 1 && this.#isOverfull(peer)) take(peer);
    if (!peer.isSending) this.#sendAll(to, peer);
  }

  /** Gives the sink nothing more. */
  close(): void {
    this.#isClosed = true;
    this.#peers.clear();
  }

  #isOverfull({ messages, bytes }: Waiting): boolean {
    return messages.length > this.#limits.messages || bytes > this.#limits.bytes;
  }

  /** Messages to one peer go one behind the other: they must not overtake each other. */
  #sendAll(to: number, peer: Waiting): void {
    while (!this.#isClosed && peer.messages.length > 0) {
      peer.isSending = true; // also while the sink, in `send`, makes the runner send more
      const sent = this.#sendOne(to, take(peer));
      if (sent !== undefined) {
        const next = () => {
          peer.isSending = false;
          this.#sendAll(to, peer);
        };
        sent.then(next, next);
        return;
      }
      peer.isSending = false;
    }
  }

  /** What is to be waited for. A message that the sink fails on is lost, as it may be on its way. */
  #sendOne(to: number, message: Uint8Array): Promise<unknown> | undefined {
    try {
      const sent: unknown = this.#sink.send(to, message);
      return sent === undefined ? undefined : Promise.resolve(sent);
    } catch {
      return undefined;
    }
  }
}

function take(peer: Waiting): Uint8Array {
  const message = peer.messages.shift() as Uint8Array;
  peer.bytes -= message.byteLength;
  return message;
}
