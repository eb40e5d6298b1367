// A connection that a peer has dialled: who it speaks for is checked, group by group, and its messages are given.

import type { Socket } from 'node:net';
import { nameRefusal } from './credentials.js';
import type { Frame } from './frame-reader.js';
import { FramedSocket } from './framed-socket.js';
import {
  CHANNEL_BYTES,
  type Hello,
  type Join,
  joinedFrame,
  malformed,
  readChannel,
  readHello,
  readJoin,
  readLeave,
  refusedFrame,
  TYPE,
} from './frames.js';
import type { Incoming, Member } from './member.js';
import { quoted, type RefusalLog } from './refusal-log.js';

/** What all incoming connections share. */
export interface Reception {
  readonly silentTicks: number;
  readonly maxFrameBytes: number;
  readonly log: RefusalLog;
  /** Of all configurations of the group that are joined. */
  members(group: string): Member[];
  /** The connection takes the place of older ones on its line. Returns false where a newer one has it. */
  takeLine(hello: Hello, connection: IncomingConnection): boolean;
  /** Whether some group has let it in; told whenever that changes. */
  introduced(connection: IncomingConnection, isIntroduced: boolean): void;
  /** The member has a new connection from its peer. */
  heardOf(member: Member, pid: number): void;
  /** Once. */
  ended(connection: IncomingConnection): void;
}

/** Why a replica is not let in; `configurationId` is as of the REFUSED frame. */
interface Refusal {
  reason: string;
  configurationId?: number;
}

interface Channel extends Incoming {
  readonly member: Member;
  readonly from: number;
}

export class IncomingConnection {
  readonly #name: string;
  readonly #reception: Reception;
  readonly #socket: FramedSocket;
  readonly #channels = new Map<number, Channel>();
  #lastChannel = 0;
  #line: string | undefined;

  constructor(socket: Socket, address: string, reception: Reception) {
    this.#name = `connection from ${address}`;
    this.#reception = reception;
    this.#socket = new FramedSocket(socket, reception.silentTicks, {
      frame: (frame) => this.#take(frame),
      violated: (reason) => this.refuse(reason),
      ended: () => this.#ended(),
    });
  }

  /** That it has named; undefined before. */
  get line(): string | undefined {
    return this.#line;
  }

  tick(): void {
    // A peer that asks on and on must not fill memory with answers.
    if (this.#socket.isFull) this.refuse('it does not read what it is answered');
    this.#socket.tick();
  }

  /** Ends it, and tells the peer why. */
  refuse(reason: string): void {
    if (this.#socket.hasEnded) return;
    this.#reception.log.tell(this.#name, `it is refused: ${reason}`);
    this.#socket.refuse(reason);
    this.#ended();
  }

  /** Ends it without a word: a newer one is there. */
  replace(): void {
    if (this.#socket.hasEnded) return;
    this.#socket.end();
    this.#ended();
  }

  #ended(): void {
    for (const number of [...this.#channels.keys()]) this.#drop(number);
    this.#reception.ended(this);
  }

  // ── Frames ─────────────────────────────────────────────────────────────────────────────────────────────────────────

  #take({ type, payload, isOwn }: Frame): void {
    if (this.#line === undefined) {
      if (type !== TYPE.hello) throw malformed(`it begins with a frame of type ${type}`);
      this.#greet(readHello(payload));
    } else if (type === TYPE.message) {
      this.#receive(payload, isOwn);
    } else if (type === TYPE.join) {
      this.#join(readJoin(payload));
    } else if (type === TYPE.leave) {
      this.#drop(readLeave(payload));
      this.#tellIntroduced();
    } else {
      throw malformed(`it sends a frame of type ${type}`);
    }
  }

  #greet(hello: Hello): void {
    this.#line = hello.line;
    if (!this.#reception.takeLine(hello, this)) this.replace();
  }

  /** The copy is its receiver's: a view would keep all that has come with it. */
  #receive(payload: Buffer, isOwn: boolean): void {
    const number = readChannel(payload);
    if (number === 0 || number > this.#lastChannel) throw malformed(`it sends a message on channel ${number}`);
    const channel = this.#channels.get(number);
    if (channel === undefined) return; // given up on this side, and the peer does not know it yet
    const message = payload.subarray(CHANNEL_BYTES);
    channel.member.receive(channel.from, isOwn ? message : Buffer.from(message));
  }

  // ── Channels ───────────────────────────────────────────────────────────────────────────────────────────────────────

  #join(join: Join): void {
    const { channel: number, from } = join;
    if (number <= this.#lastChannel) throw malformed(`it joins on channel ${number} behind ${this.#lastChannel}`);
    this.#lastChannel = number;
    const members = this.#reception.members(join.group);
    const member = members.find(({ configurationId }) => configurationId === join.configurationId);
    const refusal = member === undefined ? this.#isElsewhere(join, members) : this.#refusal(join, member);
    if (this.#socket.hasEnded) return; // within the call
    if (member === undefined || refusal !== undefined) {
      const { configurationId, reason } = refusal as Refusal;
      const who = `replica ${from} of group ${quoted(join.group)}`;
      this.#reception.log.tell(this.#name, `${who} is refused: ${reason}`);
      this.#socket.write(refusedFrame(number, reason, configurationId));
      return;
    }
    member.incoming.get(from)?.close('a newer connection has taken its place');
    const channel: Channel = { member, from, close: (reason) => this.#close(number, reason) };
    this.#channels.set(number, channel);
    member.incoming.set(from, channel);
    this.#socket.maxMessageBytes = CHANNEL_BYTES + this.#reception.maxFrameBytes;
    this.#tellIntroduced();
    member.connected(from);
    if (this.#channels.get(number) !== channel) return; // closed within the call
    this.#socket.write(joinedFrame(number, member.replicaId));
    this.#reception.heardOf(member, from);
  }

  #refusal(join: Join, member: Member): Refusal | undefined {
    const { configurationId, from, to, replicaId } = join;
    if (to !== member.pid) return { reason: `it is replica ${member.pid}, not ${to}` };
    const misnamed = nameRefusal(this.#socket.socket, from);
    if (misnamed !== undefined) return { reason: misnamed };
    if (!member.pids.has(from)) return { reason: `${from} is none of its peers`, configurationId };
    const reason = member.refusal(from, replicaId);
    return reason === undefined ? undefined : { reason };
  }

  /** The members are told, unless it is a peer of theirs that is not the replica which they mean. */
  #isElsewhere(join: Join, members: readonly Member[]): Refusal {
    const [latest, ...others] = [...members].sort((one, other) => other.configurationId - one.configurationId);
    if (latest === undefined) return { reason: 'it has not joined this group' };
    const { configurationId } = latest;
    const { from, to, replicaId, endpoint } = join;
    if (nameRefusal(this.#socket.socket, from) === undefined) {
      for (const member of [latest, ...others]) {
        const isRefused = member.pids.has(from) && member.refusal(from, replicaId) !== undefined;
        if (to === member.pid && !isRefused) member.elsewhere({ pid: from, endpoint }, join.configurationId);
      }
    }
    return { reason: `it is in configuration ${configurationId}, not ${join.configurationId}`, configurationId };
  }

  #close(number: number, reason: string): void {
    this.#socket.write(refusedFrame(number, reason));
    this.#drop(number);
    this.#tellIntroduced();
  }

  #drop(number: number): void {
    const channel = this.#channels.get(number);
    if (channel === undefined) return;
    this.#channels.delete(number);
    const { member, from } = channel;
    if (member.incoming.get(from) === channel) member.incoming.delete(from);
    member.disconnected(from);
  }

  #tellIntroduced(): void {
    if (!this.#socket.hasEnded) this.#reception.introduced(this, this.#channels.size > 0);
  }
}
