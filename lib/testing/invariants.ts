// What must hold in a simulation behind every step, whatever happens. Each broken one throws, in words.

import type { OmniPaxos } from '../consensus/omni-paxos.js';
import type { Ballot, LogIndex } from '../contract/storage.js';
import type { Commitment } from './commitments.js';

/** What one replica has shown, over all of its lives. */
interface Shown {
  promise: Ballot | undefined;
  /** The round in which it accepted last, and how far. */
  accepted: Accepted | undefined;
  /** In this life. */
  decidedIdx: LogIndex;
  reconfigured: boolean;
  /** Up to here its log has been compared. */
  compared: LogIndex;
}

interface Accepted {
  round: Ballot | undefined;
  idx: LogIndex;
}

export const STOPSIGN = 'stop-sign ';

export class BrokenInvariant extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'BrokenInvariant';
  }
}

export class Invariants {
  /** What is decided, by whichever replica told it first. */
  readonly chosen: string[] = [];
  readonly #proposed = new Set<string>();
  readonly #decided = new Set<string>();
  readonly #shown = new Map<number, Shown>();
  readonly #leaders = new Map<bigint, number>();

  propose(entry: string): void {
    this.#proposed.add(entry);
  }

  /** Whether the configuration has ended. */
  get ended(): boolean {
    return this.chosen.at(-1)?.startsWith(STOPSIGN) === true;
  }

  /** The state that all entries below `idx` lead to. */
  stateAt(idx: LogIndex): string {
    return `${idx}: ${this.chosen.slice(0, idx).join(', ')}`;
  }

  /** A replica starts, on what it has written in an earlier life. */
  started(pid: number, replica: OmniPaxos<string>, round: Ballot | undefined): void {
    const { promise, accepted } = this.#of(pid);
    this.remembers(pid, replica.promise, { round, idx: replica.acceptedIdx });
    const { decidedIdx } = replica;
    this.#shown.set(pid, { promise, accepted, decidedIdx, reconfigured: false, compared: 0 });
    this.check(pid, replica, round);
  }

  /** What `pid` has told others that it promised or accepted. */
  told(pid: number, commitment: Commitment | undefined): void {
    if (commitment === undefined) return;
    const shown = this.#of(pid);
    this.#shown.set(pid, { ...shown, ...commitment });
  }

  /** `pid` starts, and knows of no more than this promise, and of what it has accepted. */
  remembers(pid: number, promise: Ballot | undefined, { round, idx }: Accepted): void {
    const { promise: given, accepted } = this.#of(pid);
    if (accepted?.round !== undefined) {
      const lost = round === undefined || isBelow(round, accepted.round);
      if (lost || (!isBelow(accepted.round, round) && idx < accepted.idx)) {
        const now = `${idx} in round ${round && shown(round)}`;
        throw broken(pid, `has accepted ${accepted.idx} in round ${shown(accepted.round)}, and knows of ${now} only`);
      }
    }
    if (given !== undefined && (promise === undefined || isBelow(promise, given))) {
      throw broken(pid, `has promised ${shown(given)}, and knows of ${promise && shown(promise)} only`);
    }
  }

  /** To be called behind each step of `pid`. */
  check(pid: number, replica: OmniPaxos<string>, round: Ballot | undefined): void {
    const before = this.#of(pid);
    const { promise, decidedIdx } = replica;
    if (before.promise !== undefined && isBelow(promise, before.promise)) {
      throw broken(pid, `takes its promise back from ${shown(before.promise)} to ${shown(promise)}`);
    }
    if (decidedIdx < before.decidedIdx) {
      throw broken(pid, `takes its decided index back from ${before.decidedIdx} to ${decidedIdx}`);
    }
    const reconfigured = replica.isReconfigured() !== undefined;
    if (before.reconfigured && !reconfigured) throw broken(pid, 'is no longer reconfigured');
    if (decidedIdx > before.compared) this.#compare(pid, replica, before.compared);
    const accepted = { round, idx: replica.acceptedIdx };
    this.#shown.set(pid, { promise, accepted, decidedIdx, reconfigured, compared: decidedIdx });
  }

  /** `pid` shows that it leads, in an election that only one can have won. */
  lead(pid: number, epoch: bigint): void {
    const leader = this.#leaders.get(epoch);
    if (leader !== undefined && leader !== pid) throw broken(pid, `leads in epoch ${epoch}, as ${leader} does`);
    this.#leaders.set(epoch, pid);
  }

  /** The whole log of `pid`, not only what is new. */
  checkAll(pid: number, replica: OmniPaxos<string>): void {
    if (replica.decidedIdx > 0) this.#compare(pid, replica, 0);
  }

  checkState(pid: number, replica: OmniPaxos<string>, state: unknown): void {
    const floor = replica.compactedIdx;
    if (floor > 0 && state !== this.stateAt(floor)) {
      throw broken(pid, `has the state ${JSON.stringify(state)} at its floor ${floor}`);
    }
  }

  /** `pid` begins with its own state, which stands for `entries`, and its log at `floor`. */
  checkOwnState(pid: number, floor: LogIndex, entries: readonly string[]): void {
    if (floor > entries.length)
      throw broken(pid, `has compacted to ${floor}, and has the state at ${entries.length} only`);
    const different = entries.findIndex((entry, idx) => this.chosen[idx] !== entry);
    if (different >= 0) {
      const stands = `"${entries[different]}" at ${different}, where "${this.chosen[different]}" is decided`;
      throw broken(pid, `has a state that stands for ${stands}`);
    }
  }

  #compare(pid: number, replica: OmniPaxos<string>, from: LogIndex): void {
    const { decidedIdx, compactedIdx } = replica;
    if (compactedIdx > this.chosen.length) throw broken(pid, `has compacted to ${compactedIdx} what is not decided`);
    const first = Math.max(from, compactedIdx);
    const log = replica.readEntries(first, decidedIdx) ?? [];
    if (log.length !== decidedIdx - first) {
      throw broken(pid, `has ${log.length} items in [${first}, ${decidedIdx}) of what it has decided`);
    }
    for (const [i, item] of log.entries()) {
      const text =
        item.type === 'stopsign'
          ? `${STOPSIGN}${item.stopsign.metadata}`
          : 'entry' in item
            ? item.entry
            : `compacted to ${item.idx}`;
      this.decide(pid, first + i, text);
    }
  }

  /** `pid` shows `text` as decided at `idx`. */
  decide(pid: number, idx: LogIndex, text: string): void {
    if (idx < this.chosen.length) {
      if (this.chosen[idx] === text) return;
      throw broken(pid, `has decided "${text}" at ${idx}, where "${this.chosen[idx]}" is decided`);
    }
    if (idx > this.chosen.length) throw broken(pid, `has decided "${text}" at ${idx}, behind what nobody has decided`);
    if (this.ended) throw broken(pid, `has decided "${text}" behind the stop-sign`);
    if (!this.#proposed.has(text)) throw broken(pid, `has decided "${text}", which nobody proposed`);
    if (this.#decided.has(text)) throw broken(pid, `has decided "${text}" twice`);
    this.#decided.add(text);
    this.chosen.push(text);
  }

  #of(pid: number): Shown {
    const nothing = { promise: undefined, accepted: undefined, decidedIdx: 0, reconfigured: false, compared: 0 };
    return this.#shown.get(pid) ?? nothing;
  }
}

function isBelow(one: Ballot, other: Ballot): boolean {
  if (one.n !== other.n) return one.n < other.n;
  if (one.priority !== other.priority) return one.priority < other.priority;
  return one.pid < other.pid;
}

function shown({ n, pid }: Ballot): string {
  return `${n} of ${pid}`;
}

function broken(pid: number, what: string): BrokenInvariant {
  return new BrokenInvariant(`replica ${pid} ${what}`);
}
