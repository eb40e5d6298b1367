import type { StorageOp } from '../contract/storage.js';
import { MemStorage } from '../log/mem-storage.js';
import { isUnsynced } from '../log/transition.js';
import type { SeededRandom } from './seeded-random.js';

type Op = StorageOp<string, string>;
interface Write {
  ops: readonly Op[];
  synced: boolean;
}

/** What a storage in memory is told, kept in order. */
class RecordedStorage extends MemStorage<string, string> {
  readonly writes: Write[] = [];

  /** The only way in which a replica writes. */
  override writeAtomically(ops: readonly Op[]): void {
    super.writeAtomically(ops);
    this.writes.push({ ops, synced: ops.some(({ type }) => !isUnsynced(type)) });
  }
}

/** Record kinds that a simulation lets a replica forget, to show that it notices. */
export type Forgotten = 'promise' | 'acceptedRound' | 'tail';

/**
 * The disk of a simulated replica. Like a write-ahead log it keeps a prefix of what was written: all that came before the
 * last synced write, and of what came behind it as much as chance leaves.
 */
export class SimulatedDisk {
  #storage = new RecordedStorage();

  get storage(): MemStorage<string, string> {
    return this.#storage;
  }

  /** The power fails: writes behind the last synced one may be gone. */
  losePower(random: SeededRandom): void {
    const { writes } = this.#storage;
    const synced = writes.findLastIndex((write) => write.synced) + 1;
    this.#replay(writes.slice(0, random.within(synced, writes.length)));
  }

  /** The process ends: what was written stays. The storage is another object all the same. */
  restart(): void {
    this.#replay(this.#storage.writes);
  }

  /** What no disk may do. */
  forget(what: Forgotten): void {
    const keep = (op: Op) =>
      what === 'promise'
        ? op.type !== 'setPromise'
        : what === 'acceptedRound'
          ? op.type !== 'setAcceptedRound'
          : op.type !== 'appendEntries';
    const { writes } = this.#storage;
    const last = what === 'tail' ? writes.findLastIndex(({ ops }) => ops.some((op) => !keep(op))) : -1;
    this.#replay(
      writes.map((write, i) => {
        return what !== 'tail' || i === last ? { ...write, ops: write.ops.filter(keep) } : write;
      }),
    );
  }

  #replay(writes: readonly Write[]): void {
    this.#storage = new RecordedStorage();
    for (const { ops } of writes) this.#storage.writeAtomically(ops);
  }
}
