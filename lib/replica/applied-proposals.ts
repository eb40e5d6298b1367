// Which proposals have been applied. A proposal may be decided more than once, because nobody knows of a lost one whether it
// is; by this table, the same on every replica at the same index and part of each snapshot, it is applied once.

/** A replica from one start to the next. */
export interface Proposer {
  /** 16 hexadecimal digits. */
  replicaId: string;
  /** How many times it has started. */
  incarnation: number;
}

interface Applied {
  incarnation: number;
  settledBelow: number;
  /** At `settledBelow` and above. */
  counters: Set<number>;
}

/** As it is stored: of each replica its id, and what has been applied of its last incarnation. */
export type StoredProposals = readonly (readonly [string, number, number, readonly number[]])[];

export class AppliedProposals {
  readonly #replicas = new Map<string, Applied>();

  /**
   * Whether the proposal is to be applied: notes it, and answers true once. What an earlier life of its proposer has
   * proposed is not applied behind the first proposal of a later one, nor what the proposer has given up: nobody waits for
   * either any more, and so nothing has to be kept of them.
   */
  admits({ replicaId, incarnation }: Proposer, counter: number, settledBelow: number): boolean {
    let applied = this.#replicas.get(replicaId);
    if (applied === undefined || applied.incarnation < incarnation) {
      applied = { incarnation, settledBelow: 0, counters: new Set() };
      this.#replicas.set(replicaId, applied);
    }
    if (applied.incarnation > incarnation) return false;
    const isNew = counter >= applied.settledBelow && !applied.counters.has(counter);
    if (isNew) applied.counters.add(counter);
    if (settledBelow > applied.settledBelow) forgetBelow(settledBelow, applied);
    return isNew;
  }

  /** Whether the proposal of its proposer's current life has been applied, or is never to be. */
  isOver({ replicaId, incarnation }: Proposer, counter: number): boolean {
    const applied = this.#replicas.get(replicaId);
    if (applied?.incarnation !== incarnation) return false;
    return counter < applied.settledBelow || applied.counters.has(counter);
  }

  toStored(): StoredProposals {
    const sorted = [...this.#replicas].sort(([one], [other]) => (one < other ? -1 : 1));
    return sorted.map(([replicaId, { incarnation, settledBelow, counters }]) => {
      return [replicaId, incarnation, settledBelow, [...counters].sort((a, b) => a - b)];
    });
  }

  /** @throws TypeError where `stored` is not what {@link toStored} gives */
  static from(stored: unknown): AppliedProposals {
    const proposals = new AppliedProposals();
    for (const each of listOf(stored)) {
      const [replicaId, incarnation, settledBelow, counters] = listOf(each);
      if (typeof replicaId !== 'string') throw new TypeError('a replica id is no string');
      const applied = { incarnation: countOf(incarnation), settledBelow: countOf(settledBelow) };
      proposals.#replicas.set(replicaId, { ...applied, counters: new Set(listOf(counters).map(countOf)) });
    }
    return proposals;
  }
}

function forgetBelow(settledBelow: number, applied: Applied): void {
  const { counters } = applied;
  // Mostly one by one. A jump is not gone through number by number: nobody has promised how far it goes.
  if (settledBelow - applied.settledBelow <= counters.size) {
    for (let counter = applied.settledBelow; counter < settledBelow; counter++) counters.delete(counter);
  } else {
    for (const counter of counters) if (counter < settledBelow) counters.delete(counter);
  }
  applied.settledBelow = settledBelow;
}

function listOf(value: unknown): unknown[] {
  if (!Array.isArray(value)) throw new TypeError('applied proposals are lists');
  return value;
}

function countOf(value: unknown): number {
  if (!Number.isSafeInteger(value) || (value as number) < 0) throw new TypeError(`${value} counts nothing`);
  return value as number;
}
