// Our way to one endpoint: one connection, dialled again and again, which all groups share that have a peer there. Messages
// go out on it; nothing comes but answers.

import { connect as connectPlain, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { messageOf } from '../consensus/consensus-error.js';
import { BackOff, HANDSHAKE_TICKS, WORKED_TICKS } from './back-off.js';
import { type Credentials, nameRefusal } from './credentials.js';
import { type Endpoint, formatEndpoint } from './endpoint.js';
import type { Frame } from './frame-reader.js';
import { FramedSocket } from './framed-socket.js';
import {
  helloFrame,
  joinFrame,
  leaveFrame,
  malformed,
  messagePieces,
  newLine,
  readJoined,
  readRefused,
  TYPE,
} from './frames.js';
import type { Member } from './member.js';
import { quoted, type RefusalLog } from './refusal-log.js';

export interface DiallerOptions {
  credentials: Credentials | undefined;
  silentTicks: number;
  log: RefusalLog;
}

/** A member's way to one peer. */
export interface OutgoingChannel {
  readonly member: Member;
  readonly pid: number;
  readonly backOff: BackOff;
  state: 'waiting' | 'joining' | 'joined';
  /** On the connection at hand; 0 where it waits. */
  number: number;
  /** Waiting: until it may be tried. Otherwise: since its state began. */
  ticks: number;
}

export class Dialler {
  readonly #endpoint: Endpoint;
  readonly #options: DiallerOptions;
  readonly #name: string;
  readonly #channels = new Set<OutgoingChannel>();
  readonly #backOff = new BackOff();
  readonly #line = newLine();
  #connections = 0;
  #lastNumber = 0;
  #attempt: { socket: Socket; ticks: number } | undefined;
  #connection: FramedSocket | undefined;
  /** Ticks until it may be dialled. */
  #wait = 0;

  constructor(endpoint: Endpoint, options: DiallerOptions) {
    this.#endpoint = endpoint;
    this.#options = options;
    this.#name = `peer ${formatEndpoint(endpoint)}`;
  }

  get isUnused(): boolean {
    return this.#channels.size === 0;
  }

  add(member: Member, pid: number): OutgoingChannel {
    const channel: OutgoingChannel = { member, pid, backOff: new BackOff(), state: 'waiting', number: 0, ticks: 0 };
    this.#channels.add(channel);
    return channel;
  }

  /** Tells the member nothing. */
  remove(channel: OutgoingChannel): void {
    if (!this.#channels.delete(channel)) return;
    if (channel.state !== 'waiting') this.#connection?.write(leaveFrame(channel.number));
    park(channel, 0);
    this.#endIfIdle();
  }

  /** The peer has just been heard of: no need to wait. */
  hurry(channel: OutgoingChannel): void {
    if (channel.state !== 'waiting') return;
    channel.ticks = 0;
    this.#wait = 0;
  }

  /** See {@link TransportLink.send}. */
  send(channel: OutgoingChannel, message: Uint8Array): void | Promise<void> {
    if (channel.state !== 'joined' || this.#connection === undefined) return undefined;
    for (const piece of messagePieces(channel.number, message)) this.#connection.write(piece);
    return this.#connection.room();
  }

  tick(): void {
    if (this.#attempt !== undefined && ++this.#attempt.ticks > HANDSHAKE_TICKS) this.#failed('it does not answer');
    this.#connection?.tick();
    for (const channel of this.#channels) this.#tickChannel(channel);
    if (this.#connection !== undefined || this.#attempt !== undefined) return;
    if (this.#wait > 0) this.#wait--;
    else if (this.#due().length > 0) this.#dial();
  }

  #tickChannel(channel: OutgoingChannel): void {
    if (channel.state === 'waiting') {
      if (channel.ticks > 0) channel.ticks--;
      else if (this.#connection !== undefined) this.#join(channel, this.#connection);
      return;
    }
    channel.ticks++;
    if (channel.state === 'joining' && channel.ticks > HANDSHAKE_TICKS) this.#refuse(channel, 'it does not answer');
    if (channel.state === 'joined' && channel.ticks === WORKED_TICKS) {
      channel.backOff.reset();
      this.#backOff.reset();
      this.#options.log.forget(this.#name);
    }
  }

  #due(): OutgoingChannel[] {
    return [...this.#channels].filter(({ state, ticks }) => state === 'waiting' && ticks === 0);
  }

  // ── Its connection ─────────────────────────────────────────────────────────────────────────────────────────────────

  #dial(): void {
    const { credentials } = this.#options;
    // The authority is checked here; the name, by each channel.
    const secured = credentials && { ...credentials.current(), checkServerIdentity: () => undefined };
    const socket = secured ? connectTls({ ...this.#endpoint, ...secured }) : connectPlain({ ...this.#endpoint });
    const attempt = { socket, ticks: 0 };
    this.#attempt = attempt;
    const fail = (reason: string) => {
      if (this.#attempt === attempt) this.#failed(reason);
    };
    socket.on('error', (error: NodeJS.ErrnoException) => fail(error.code ?? messageOf(error)));
    socket.on('close', () => fail('the connection was closed'));
    socket.once(secured ? 'secureConnect' : 'connect', () => {
      if (this.#attempt === attempt) this.#opened(socket);
    });
  }

  #failed(reason: string): void {
    this.#attempt?.socket.destroy();
    this.#attempt = undefined;
    this.#wait = this.#backOff.next();
    this.#options.log.tell(this.#name, `it cannot be connected, and is tried on: ${reason}`);
  }

  #opened(socket: Socket): void {
    this.#attempt = undefined;
    const connection = new FramedSocket(socket, this.#options.silentTicks, {
      frame: (frame) => this.#answered(frame, connection),
      violated: (reason) => this.#violated(reason, connection),
      ended: (reason) => this.#ended(reason),
    });
    this.#connection = connection;
    this.#lastNumber = 0;
    connection.write(helloFrame({ line: this.#line, number: ++this.#connections }));
    for (const channel of this.#due()) this.#join(channel, connection);
    this.#endIfIdle();
  }

  #violated(reason: string, connection: FramedSocket): void {
    connection.end();
    this.#options.log.tell(this.#name, `the connection is given up, and tried on: ${reason}`);
    this.#disconnected();
  }

  #ended(reason: string): void {
    // One that has worked ends in the course of things; its groups are told.
    const hasWorked = [...this.#channels].some(({ state }) => state === 'joined');
    if (!hasWorked) this.#options.log.tell(this.#name, `it has not let us in, and is tried on: ${reason}`);
    this.#disconnected();
  }

  #disconnected(): void {
    this.#connection = undefined;
    this.#wait = this.#backOff.next();
    const joined = [...this.#channels].filter(({ state }) => state === 'joined');
    for (const channel of this.#channels) if (channel.state !== 'waiting') park(channel, 0);
    for (const { member, pid } of joined) member.disconnected(pid);
  }

  /** A connection that no group needs is given up; groups that were refused dial again. */
  #endIfIdle(): void {
    if ([...this.#channels].some(({ state }) => state !== 'waiting')) return;
    const isNeeded = this.#channels.size > 0;
    if (this.#attempt !== undefined && !isNeeded) {
      const { socket } = this.#attempt;
      this.#attempt = undefined;
      socket.destroy();
    }
    this.#connection?.end();
    this.#connection = undefined;
  }

  // ── Its channels ───────────────────────────────────────────────────────────────────────────────────────────────────

  #join(channel: OutgoingChannel, connection: FramedSocket): void {
    const { member, pid } = channel;
    const refusal = nameRefusal(connection.socket, pid);
    if (refusal !== undefined) {
      this.#refuse(channel, refusal);
      return;
    }
    channel.state = 'joining';
    channel.number = ++this.#lastNumber;
    channel.ticks = 0;
    const { configurationId, replicaId, group, endpoint } = member;
    const address = { channel: channel.number, configurationId, from: member.pid, to: pid };
    connection.write(joinFrame({ ...address, replicaId, group, endpoint }));
  }

  #answered({ type, payload }: Frame, connection: FramedSocket): void {
    if (type === TYPE.joined) {
      const { channel: number, replicaId } = readJoined(payload);
      const channel = this.#numbered(number);
      if (channel?.state !== 'joining') return; // it has left meanwhile
      const refusal = channel.member.refusal(channel.pid, replicaId);
      if (this.#numbered(number) !== channel) return; // it has left within the call
      if (refusal === undefined) {
        channel.state = 'joined';
        channel.ticks = 0;
        channel.member.connected(channel.pid);
      } else {
        connection.write(leaveFrame(number));
        this.#refuse(channel, refusal);
      }
    } else if (type === TYPE.refused) {
      const { channel: number, configurationId, reason } = readRefused(payload);
      if (number === 0) {
        this.#violated(`it says: ${quoted(reason)}`, connection);
        return;
      }
      const channel = this.#numbered(number);
      if (channel === undefined) return;
      this.#refuse(channel, `it says: ${quoted(reason)}`);
      const { member, pid } = channel;
      if (configurationId === 0) return;
      if (configurationId === member.configurationId) member.excluded(pid);
      else member.elsewhere({ pid, endpoint: formatEndpoint(this.#endpoint) }, configurationId);
    } else {
      throw malformed(`it answers with a frame of type ${type}`);
    }
  }

  #numbered(number: number): OutgoingChannel | undefined {
    return [...this.#channels].find((channel) => channel.state !== 'waiting' && channel.number === number);
  }

  #refuse(channel: OutgoingChannel, reason: string): void {
    const { member, pid, state } = channel;
    park(channel, channel.backOff.next());
    this.#options.log.tell(this.#name, `replica ${pid} of group ${quoted(member.group)} is refused: ${reason}`);
    if (state === 'joined') member.disconnected(pid);
    this.#endIfIdle();
  }
}

function park(channel: OutgoingChannel, ticks: number): void {
  channel.state = 'waiting';
  channel.number = 0;
  channel.ticks = ticks;
}
