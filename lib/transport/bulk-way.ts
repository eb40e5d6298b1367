// The way for what would delay other messages to a peer: a connection of its own, dialled when there is something to send,
// and given up when nothing has been sent for a while.

import { HANDSHAKE_TICKS } from './back-off.js';
import type { Dialler, OutgoingChannel } from './dialler.js';
import type { Member } from './member.js';

/** Without a message, after which the connection is given up: 10 s. */
const IDLE_TICKS = 1000;

export class BulkWay {
  readonly #dialler: Dialler;
  readonly #channel: OutgoingChannel;
  /** One message at most, until the peer has let us in. */
  #waiting: { message: Uint8Array; sent: Promise<void>; tell(): void } | undefined;
  /** Since the last message. */
  #ticks = 0;

  /** The dialler is one of bulk. */
  constructor(dialler: Dialler, member: Member, pid: number) {
    this.#dialler = dialler;
    this.#channel = dialler.add(member, pid);
  }

  /** Nothing has been sent for a while: it is to be closed. */
  get isIdle(): boolean {
    return this.#ticks > IDLE_TICKS;
  }

  /** See {@link TransportLink.sendBulk}. */
  send(message: Uint8Array): void | Promise<void> {
    this.#ticks = 0;
    if (this.#channel.state === 'joined') return this.#dialler.send(this.#channel, message);
    if (this.#waiting === undefined) {
      let tell = () => {};
      const sent = new Promise<void>((resolve) => {
        tell = resolve;
      });
      this.#waiting = { message, sent, tell };
    }
    return this.#waiting.sent;
  }

  tick(): void {
    this.#ticks++;
    if (this.#channel.state === 'joined') this.#sendWaiting();
    else if (this.#ticks > HANDSHAKE_TICKS) this.#forgetWaiting();
  }

  close(): void {
    this.#forgetWaiting();
    this.#dialler.remove(this.#channel);
  }

  async #sendWaiting(): Promise<void> {
    const waiting = this.#waiting;
    if (waiting === undefined) return;
    this.#waiting = undefined;
    await this.#dialler.send(this.#channel, waiting.message);
    waiting.tell();
  }

  #forgetWaiting(): void {
    this.#waiting?.tell();
    this.#waiting = undefined;
  }
}
