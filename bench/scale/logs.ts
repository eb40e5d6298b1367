// The database of a life, and its logs.

import { rawCodec } from '../../lib/format/raw-codec.js';
import { AsyncRocksdbStorage, Database } from '../../lib/index.js';
import { rawEntries } from '../shared/raw-entries.js';
import type { Life } from './life.js';

interface Log {
  storage: AsyncRocksdbStorage<Uint8Array>;
  first: number;
  next: number;
  roundsPerAppend: number;
}

const ROWS = 'rocksdb.aggregated-table-properties/num_entries';

export class Logs implements AsyncDisposable {
  readonly #db: Database;
  readonly #life: Life;
  readonly #logs: readonly Log[];
  readonly #batch: readonly Uint8Array[];

  static async open(path: string, life: Life): Promise<Logs> {
    const names = Array.from({ length: life.logs }, (_, log) => `log-${log}`);
    const db = await Database.open(path, { columnFamilies: names });
    const logs = await Promise.all(
      names.map(async (name, log) => {
        const storage = await AsyncRocksdbStorage.openIn<Uint8Array>(db, name, { entryCodec: rawCodec });
        return { storage, ...(await storage.getBounds()), roundsPerAppend: life.roundsPerAppend(log) };
      }),
    );
    return new Logs(db, life, logs);
  }

  private constructor(db: Database, life: Life, logs: readonly Log[]) {
    this.#db = db;
    this.#life = life;
    this.#logs = logs;
    this.#batch = rawEntries(life.batch, life.entryBytes);
  }

  /** Appends to every log whose turn it is, and compacts those that have become too long. Returns how many entries it appended. */
  async appendRound(round: number, onAppended: (us: number) => void): Promise<number> {
    const due = this.#logs.filter(({ roundsPerAppend }) => round % roundsPerAppend === 0);
    await Promise.all(due.map((log) => this.#append(log, onAppended)));
    return due.length * this.#life.batch;
  }

  async #append(log: Log, onAppended: (us: number) => void): Promise<void> {
    const { storage } = log;
    const begun = performance.now();
    await storage.appendEntries(this.#batch);
    onAppended((performance.now() - begun) * 1000);
    log.next += this.#batch.length;
    const { keptEntries, compactedEvery } = this.#life;
    if (log.next - log.first < keptEntries + compactedEvery) return;
    log.first = log.next - keptEntries;
    const decided = storage.setDecidedIdx(log.next);
    await storage.compact(log.first);
    await decided;
  }

  /** Reads the `count` oldest entries of the busiest log. */
  readOldest(count: number): Promise<Uint8Array[]> {
    const { storage, first } = this.#busiest;
    return storage.getEntries(first, first + count);
  }

  readNewest(count: number): Promise<Uint8Array[]> {
    const { storage, next } = this.#busiest;
    return storage.getEntries(next - count, next);
  }

  get #busiest(): Log {
    return this.#logs[0] as Log;
  }

  /** Rows and deletes in all SST files. */
  rowsInFiles(): number {
    const rows = (name: string) => Number(this.#db.property(ROWS, this.#db.columnFamily(name)) ?? 0);
    return this.#db.columnFamilies.reduce((sum, name) => sum + rows(name), 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#db.close();
  }
}
