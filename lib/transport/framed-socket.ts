// A socket with frames on it, either side: it bounds what waits, sends what comes together as one, and tells a peer that
// lives from one that does not.

import type { Socket } from 'node:net';
import { messageOf } from '../consensus/consensus-error.js';
import { type Frame, FrameReader } from './frame-reader.js';
import { BEAT, preface, refusedFrame, TYPE } from './frames.js';

/** What may wait in a socket before senders are told to. */
const MAX_WAITING_BYTES = 1024 * 1024;

export interface SocketEvents {
  /** Any but BEAT. What it throws is a violation. */
  frame(frame: Frame): void;
  /** The peer has sent what no peer sends. The connection is to be ended. */
  violated(reason: string): void;
  /** The connection is over, and not by our own doing. Nothing comes behind it. */
  ended(reason: string): void;
}

export class FramedSocket {
  readonly socket: Socket;
  readonly #events: SocketEvents;
  readonly #reader = new FrameReader();
  #silentTicks: number;
  readonly #beatTicks: number;
  #hasEnded = false;
  #isCorked = false;
  #ticks = 0;
  /** Of our own timer since the peer was last heard. */
  #silent = 0;
  #drained: { promise: Promise<void>; tell(): void } | undefined;

  /** `silentTicks`: of which a peer that lives does not let pass so many without a word. */
  constructor(socket: Socket, silentTicks: number, events: SocketEvents) {
    this.socket = socket;
    this.#events = events;
    this.#silentTicks = silentTicks;
    this.#beatTicks = Math.max(1, Math.floor(silentTicks / 5));
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
    socket.on('error', (error: NodeJS.ErrnoException) => this.#endWith(error.code ?? messageOf(error)));
    socket.on('end', () => this.#endWith('it has closed the connection'));
    socket.on('close', () => this.#endWith('the connection was closed'));
    socket.on('drain', () => this.#tellDrained());
    this.write(preface());
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** Whether the system takes less than is written. */
  get isFull(): boolean {
    return this.socket.writableLength >= MAX_WAITING_BYTES;
  }

  /** Where the peer need not be heard so soon. */
  set silentTicks(ticks: number) {
    this.#silentTicks = ticks;
  }

  set maxMessageBytes(bytes: number) {
    this.#reader.maxMessageBytes = bytes;
  }

  /** All that is written in one turn of the event loop goes out as one. */
  write(bytes: Uint8Array): void {
    if (this.#hasEnded) return;
    if (!this.#isCorked) {
      this.#isCorked = true;
      this.socket.cork();
      setImmediate(() => {
        this.#isCorked = false;
        this.socket.uncork();
      });
    }
    this.socket.write(bytes);
  }

  /** Resolves once what waits has gone, or the connection; undefined where there is room. Never rejects. */
  room(): Promise<void> | undefined {
    if (this.#hasEnded || !this.isFull) return undefined;
    if (this.#drained === undefined) {
      let tell = () => {};
      const promise = new Promise<void>((resolve) => {
        tell = resolve;
      });
      this.#drained = { promise, tell };
    }
    return this.#drained.promise;
  }

  /**
   * Both sides say that they live, and none waits for an answer: one would wait behind what is being sent, and a long message
   * on a slow line would look like a dead peer. What counts are ticks: a stall of our own is one tick, however long.
   */
  tick(): void {
    if (this.#hasEnded) return;
    if (++this.#silent > this.#silentTicks) {
      this.#endWith('it is silent');
      return;
    }
    if (++this.#ticks % this.#beatTicks === 0 && this.socket.writableLength === 0) this.write(BEAT);
  }

  /** Nothing more is told. */
  end(): void {
    this.#hasEnded = true;
    this.socket.destroy();
    this.#tellDrained();
  }

  /** {@link end}, and the peer is told why as far as it reads that at once: whoever holds the socket bounds the wait. */
  refuse(reason: string): void {
    if (this.#hasEnded) return;
    this.write(refusedFrame(0, reason));
    this.#hasEnded = true;
    this.socket.destroySoon();
    this.socket.resume(); // what still comes is dropped, not left for a reset that would take our words with it
    this.#tellDrained();
  }

  #tellDrained(): void {
    this.#drained?.tell();
    this.#drained = undefined;
  }

  #endWith(reason: string): void {
    if (this.#hasEnded) return;
    this.end();
    this.#events.ended(reason);
  }

  #read(chunk: Buffer): void {
    if (this.#hasEnded) return;
    this.#silent = 0;
    try {
      for (const frame of this.#reader.read(chunk)) {
        if (frame.type !== TYPE.beat) this.#events.frame(frame);
        if (this.#hasEnded) return;
      }
    } catch (error) {
      this.#events.violated(messageOf(error));
    }
  }
}
