import { type ColumnFamily, WriteBatch } from '../../binding/index.js';
import type { Storage, StorageOp } from '../contract/storage.js';
import { MemStorage } from '../log/mem-storage.js';
import { RocksdbStorage } from '../log/rocksdb-storage.js';
import { isUnsynced } from '../log/transition.js';
import type { SeededRandom } from './seeded-random.js';

type Op = StorageOp<string, string>;
interface Write {
  ops: readonly Op[];
  synced: boolean;
}

type Stored = Storage<string, string> & { close(): void };

/** Where the storage of a replica lies. */
export interface Medium {
  /** A storage that holds nothing. The one before is used no more. */
  empty(): Stored;
  /** A storage that finds what the one before has written; none where only the process has it. */
  again(): Stored | undefined;
}

const MEMORY: Medium = { empty: () => new MemStorage(), again: () => undefined };

/** A log in a database. What is lost there is lost by writing all else anew. */
export class DatabaseMedium implements Medium {
  readonly #family: ColumnFamily;
  #open: RocksdbStorage<string, string> | undefined;

  /** The log is lost in any case. */
  constructor(family: ColumnFamily) {
    this.#family = family;
  }

  empty(): Stored {
    this.#open?.close();
    this.#open = undefined;
    const all = new WriteBatch().deleteRange(this.#family, Buffer.alloc(0), Buffer.alloc(64, 0xff));
    this.#family.database.writeSync(all);
    return this.again();
  }

  again(): Stored {
    this.#open?.close();
    this.#open = RocksdbStorage.openIn<string, string>(this.#family.database, this.#family.name);
    return this.#open;
  }
}

/** Record kinds that a simulation lets a replica forget, to show that it notices. */
export type Forgotten = 'promise' | 'acceptedRound' | 'tail';

/**
 * The disk of a simulated replica. Like a write-ahead log it keeps a prefix of what was written: all that came before the
 * last synced write, and of what came behind it as much as chance leaves.
 */
export class SimulatedDisk {
  readonly #medium: Medium;
  #writes: Write[] = [];
  #storage: Stored;

  constructor(medium = MEMORY) {
    this.#medium = medium;
    this.#storage = this.#recorded(medium.empty());
  }

  get storage(): Stored {
    return this.#storage;
  }

  /** It is used no more. */
  close(): void {
    this.#storage.close();
  }

  /** The power fails: writes behind the last synced one may be gone. */
  losePower(random: SeededRandom): void {
    const writes = this.#writes;
    const synced = writes.findLastIndex((write) => write.synced) + 1;
    this.#replay(writes.slice(0, random.within(synced, writes.length)));
  }

  /** The process ends: what was written stays. The storage is another object all the same. */
  restart(): void {
    const again = this.#medium.again();
    if (again === undefined) this.#replay(this.#writes);
    else this.#storage = this.#recorded(again);
  }

  /** What no disk may do. */
  forget(what: Forgotten): void {
    const keep = (op: Op) =>
      what === 'promise'
        ? op.type !== 'setPromise'
        : what === 'acceptedRound'
          ? op.type !== 'setAcceptedRound'
          : op.type !== 'appendEntries';
    const writes = this.#writes;
    const last = what === 'tail' ? writes.findLastIndex(({ ops }) => ops.some((op) => !keep(op))) : -1;
    this.#replay(
      writes.map((write, i) => {
        return what !== 'tail' || i === last ? { ...write, ops: write.ops.filter(keep) } : write;
      }),
    );
  }

  #replay(writes: readonly Write[]): void {
    this.#writes = [];
    this.#storage = this.#recorded(this.#medium.empty());
    for (const { ops } of writes) this.#storage.writeAtomically(ops);
  }

  /** `storage`, which from now on notes what it is told. `writeAtomically` is the only way in which a replica writes. */
  #recorded(storage: Stored): Stored {
    const write = storage.writeAtomically.bind(storage);
    storage.writeAtomically = (ops) => {
      write(ops);
      this.#writes.push({ ops, synced: ops.some(({ type }) => !isUnsynced(type)) });
    };
    return storage;
  }
}
