import type { EventQueue } from './event-queue.js';
import type { NetworkFault } from './fault-script.js';
import type { SeededRandom } from './seeded-random.js';

/** Of virtual time. */
export const TICK = 1_000;

interface Way {
  up: boolean;
  /** Of connections: what was sent on an earlier one is dropped when it comes. */
  connection: number;
  cutUntil: number;
  lastArrival: number;
}

export interface NetworkUser {
  /** A message has come on the connection on which it was sent. */
  receive(from: number, to: number, message: Uint8Array): void;
  /** A new connection between the two. */
  connected(one: number, other: number): void;
  isUp(pid: number): boolean;
}

/** Connections between replicas in virtual time: in order, as slow and as broken as the seed has it. */
export class SimulatedNetwork {
  readonly #queue: EventQueue;
  readonly #random: SeededRandom;
  readonly #pids: readonly number[];
  readonly #user: NetworkUser;
  readonly #ways = new Map<string, Way>();
  readonly #longestDelay: number;
  readonly #lossPercent: number;
  /** Whether what comes late, on a connection that has been replaced, is taken. No transport may. */
  readonly #takesLate: boolean;
  #slowUntil = 0;
  #healed = false;
  late = 0;

  constructor(
    queue: EventQueue,
    random: SeededRandom,
    pids: readonly number[],
    user: NetworkUser,
    { loss, takesLate }: { loss: boolean; takesLate: boolean },
  ) {
    this.#queue = queue;
    this.#random = random;
    this.#pids = pids;
    this.#user = user;
    this.#longestDelay = random.oneOf([300, 900, 2_000]);
    this.#lossPercent = loss ? random.within(1, 20) : 0;
    this.#takesLate = takesLate;
  }

  send(from: number, to: number, message: Uint8Array): void {
    const way = this.#way(from, to);
    if (!way.up || (!this.#healed && this.#random.chance(this.#lossPercent))) return;
    const slow = this.#queue.now < this.#slowUntil && !this.#healed;
    const delay = slow ? this.#random.within(50, 12 * TICK) : this.#random.within(20, this.#longestDelay);
    way.lastArrival = Math.max(way.lastArrival, this.#queue.now + delay);
    const { connection } = way;
    this.#queue.at(way.lastArrival, () => {
      if (way.connection === connection) this.#user.receive(from, to, message);
      else {
        this.late++;
        if (this.#takesLate) this.#user.receive(from, to, message);
      }
    });
  }

  befall(fault: NetworkFault): void {
    switch (fault.type) {
      case 'cut':
        this.#cut(fault.from, fault.to, fault.ticks);
        if (fault.bothWays) this.#cut(fault.to, fault.from, fault.ticks);
        break;
      case 'isolate':
        this.#split([fault.pid], fault.ticks);
        break;
      case 'split':
        this.#split(fault.side, fault.ticks);
        break;
      case 'slow':
        this.#slow(fault.ticks);
        break;
    }
  }

  #slow(ticks: number): void {
    this.#slowUntil = this.#queue.now + ticks * TICK;
  }

  /** The way from `from` to `to` breaks, and cannot be had again for `ticks`. */
  #cut(from: number, to: number, ticks: number): void {
    if (from === to) return;
    this.#break(from, to);
    const way = this.#way(from, to);
    way.cutUntil = Math.max(way.cutUntil, this.#queue.now + ticks * TICK);
    this.#queue.at(way.cutUntil, () => this.#connect(from, to));
  }

  /** Each of `side` is cut off from all others, both ways. */
  #split(side: readonly number[], ticks: number): void {
    for (const one of side) {
      for (const other of this.#pids) {
        if (side.includes(other)) continue;
        this.#cut(one, other, ticks);
        this.#cut(other, one, ticks);
      }
    }
  }

  /** `pid` is gone, and its connections. */
  left(pid: number): void {
    for (const peer of this.#peers(pid)) {
      this.#break(pid, peer);
      this.#break(peer, pid);
    }
  }

  joined(pid: number): void {
    for (const peer of this.#peers(pid)) this.#connect(pid, peer);
  }

  /** No trouble from now on. */
  heal(): void {
    this.#healed = true;
    for (const way of this.#ways.values()) way.cutUntil = 0;
    for (const pid of this.#pids) this.joined(pid);
  }

  #peers(pid: number): readonly number[] {
    return this.#pids.filter((peer) => peer !== pid);
  }

  #way(from: number, to: number): Way {
    const name = `${from} ${to}`;
    const known = this.#ways.get(name);
    if (known !== undefined) return known;
    const way = { up: true, connection: 0, cutUntil: 0, lastArrival: 0 };
    this.#ways.set(name, way);
    return way;
  }

  #break(from: number, to: number): void {
    const way = this.#way(from, to);
    way.up = false;
    way.connection++;
    way.lastArrival = 0;
  }

  #connect(one: number, other: number): void {
    if (!this.#user.isUp(one) || !this.#user.isUp(other)) return;
    let anew = false;
    for (const way of [this.#way(one, other), this.#way(other, one)]) {
      if (way.up || this.#queue.now < way.cutUntil) continue;
      way.up = true;
      anew = true;
    }
    if (anew) this.#user.connected(one, other);
  }
}
