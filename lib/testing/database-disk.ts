import { Database } from '../../binding/index.js';
import type { LogIndex } from '../contract/storage.js';
import { rawCodec } from '../format/raw-codec.js';
import { AsyncRocksdbStorage } from '../log/async-rocksdb-storage.js';
import type { LogAccess } from '../log/log-access.js';
import { accessOf } from '../log/storage-methods.js';
import { type StateChunks, type StateStore, stateStoreOf } from '../replica/state-store.js';
import { SnapshotStore } from '../snapshots/index.js';
import type { EventQueue } from './event-queue.js';
import { LaggingLog, LaggingStorage, Latency } from './lagging-log.js';
import type { RealWork } from './real-work.js';
import { OWN_STATE, PIECE_BYTES, type RunnerDisk, type StoredState, wholeOf } from './runner-disk.js';
import type { SeededRandom } from './seeded-random.js';

type Log = LogAccess<Uint8Array, unknown, 'async'>;

const LOG = 'log';
const SNAPSHOTS = 'snapshots';

/** What is open in one life. */
interface Open {
  database: Database;
  /** Of the database, without delay. */
  real: AsyncRocksdbStorage<Uint8Array>;
  store: SnapshotStore;
  states: StateStore;
  log: LaggingLog;
  storage: LaggingStorage;
  isNew: boolean;
}

/**
 * A database of its own, which a crash closes without a word to anybody, and the next life opens again. Nothing that was
 * written is ever lost in it, as where a process is killed.
 */
export class DatabaseDisk implements RunnerDisk {
  readonly #path: string;
  readonly #queue: EventQueue;
  readonly #latency: Latency;
  readonly #work: RealWork;
  #opened: Open | undefined;
  #closing: Promise<void> | undefined;

  constructor(path: string, queue: EventQueue, random: SeededRandom, work: RealWork) {
    this.#path = path;
    this.#queue = queue;
    this.#latency = new Latency(queue, random);
    this.#work = work;
  }

  open(): Promise<void> {
    return this.#work.run(this.#open());
  }

  async #open(): Promise<void> {
    await this.#closing;
    const database = await Database.open(this.#path, { columnFamilies: [LOG, SNAPSHOTS] });
    const real = await AsyncRocksdbStorage.openIn<Uint8Array>(database, LOG, { entryCodec: rawCodec });
    const store = await SnapshotStore.openWithChunksOf(PIECE_BYTES, database, SNAPSHOTS);
    const isNew = (await real.getPromise()) === undefined;
    const log = new LaggingLog(inOrder(accessOf(real), this.#work), this.#queue, this.#latency);
    const storage = new LaggingStorage(log);
    this.#opened = { database, real, store, states: statesInOrder(store, this.#work), log, storage, isNew };
  }

  get #current(): Open {
    if (this.#opened === undefined) throw new Error(`the database ${this.#path} is not open`);
    return this.#opened;
  }

  get storage() {
    return this.#current.storage;
  }

  get states() {
    return this.#current.states;
  }

  get isNew(): boolean {
    return this.#current.isNew;
  }

  get certainDecidedIdx(): LogIndex {
    return this.#opened?.real === undefined ? 0 : accessOf(this.#opened.real).cursor.decidedIdx;
  }

  ownState(): Promise<StoredState | undefined> {
    return this.#work.run(this.#ownState(this.#current.store));
  }

  async #ownState(store: SnapshotStore): Promise<StoredState | undefined> {
    if (!(await store.list()).some(({ name }) => name === OWN_STATE)) return undefined;
    const stream = await store.open(OWN_STATE);
    return { index: stream.snapshot.index, bytes: await wholeOf(stream) };
  }

  async compactTo({ index, bytes }: StoredState, keepEntries: number): Promise<void> {
    const { store, real, log } = this.#current;
    log.refuseIfFailed();
    await this.#work.run(store.compactTo(real, OWN_STATE, index, bytes, { keepEntries }));
    await this.#latency.pass();
  }

  slow(ticks: number): void {
    this.#latency.slow(ticks);
  }

  failNext(): void {
    if (this.#opened !== undefined) this.#opened.log.isFailing = true;
  }

  heal(): void {
    this.#latency.heal();
    if (this.#opened !== undefined) this.#opened.log.isFailing = false;
  }

  crash(): void {
    this.#closing = this.#work.run(this.#close());
  }

  close(): Promise<void> {
    return this.#close();
  }

  async #close(): Promise<void> {
    const opened = this.#opened;
    this.#opened = undefined;
    await opened?.real.close();
    await opened?.database.close();
  }
}

/** `log`, whose outcomes come as `work` has them. */
function inOrder(log: Log, work: RealWork): Log {
  return {
    codecs: log.codecs,
    location: log.location,
    failures: log.failures,
    get cursor() {
      return log.cursor;
    },
    write: (given, result, extras) => work.run(log.write(given, result, extras)),
    read: (reading, signalOf) => work.run(log.read(reading, signalOf)),
    readPart: (from, to, maxBytes) => work.run(log.readPart(from, to, maxBytes)),
    packedNow: (from, to) => log.packedNow(from, to),
    refuseIfClosed: () => log.refuseIfClosed(),
    close: () => work.run(log.close()),
  };
}

function statesInOrder(store: SnapshotStore, work: RealWork): StateStore {
  const states = stateStoreOf(store);
  return {
    identityOf: (name) => work.run(states.identityOf(name)),
    readFrom: async (name, offset) => {
      const reading = await work.run(states.readFrom(name, offset));
      return reading && { ...reading, chunks: chunksInOrder(reading.chunks, work) };
    },
    incoming: (name, announcedAs) => {
      const incoming = states.incoming(name, announcedAs);
      return {
        // Its pieces come in virtual time, and the store would take them in between at its own pace. So it is given all of
        // them at once, and never a part with which it would go on later.
        take: async (identity, restFrom) => {
          const whole = await wholeOf(restFrom(0));
          return work.run(incoming.take(identity, (offset) => whole.subarray(offset)));
        },
        read: () => incoming.read(),
        discard: () => work.run(incoming.discard()),
      };
    },
    announcedNames: () => work.run(states.announcedNames()),
  };
}

function chunksInOrder(chunks: StateChunks, work: RealWork): StateChunks {
  return {
    get given() {
      return chunks.given;
    },
    next: () => work.run(chunks.next()),
    release: () => chunks.release(),
  };
}
