// A replicated state machine, without the replication: a map of keys to values over a durable log, with snapshots. What is
// left to a consensus protocol is to tell every replica which entries are decided; here each is, as soon as it is on disk.

import { createInterface } from 'node:readline';
import { AsyncRocksdbStorage, Database, SnapshotStore, type SnapshotStream } from 'omnipaxos-rocksdb';

export type Command = { set: string; to: string } | { delete: string };

/** Entries between two snapshots: more make a restart slower, fewer make more snapshots. */
const SNAPSHOT_EVERY = 1000;
/** Of the one snapshot that is kept: each takes the place of the one before. */
const SNAPSHOT = 'state';

export class Replica {
  readonly #db: Database;
  readonly #log: AsyncRocksdbStorage<Command>;
  readonly #snapshots: SnapshotStore;
  readonly #state = new Map<string, string>();
  /** The state is that of all entries below. */
  #applied = 0;
  #applying: Promise<void> = Promise.resolve();
  #snapshotting: Promise<unknown> | undefined;

  private constructor(db: Database, log: AsyncRocksdbStorage<Command>, snapshots: SnapshotStore) {
    this.#db = db;
    this.#log = log;
    this.#snapshots = snapshots;
  }

  /** From the latest snapshot, and the decided entries behind it. */
  static async open(path: string): Promise<Replica> {
    const db = await Database.open(path, { columnFamilies: ['log', 'snapshots'] });
    const log = await AsyncRocksdbStorage.openIn<Command>(db, 'log');
    const replica = new Replica(db, log, await SnapshotStore.openIn(db, 'snapshots'));
    await replica.#load();
    await replica.#applyUpTo(await log.getDecidedIdx());
    return replica;
  }

  async propose(command: Command): Promise<void> {
    const { to } = await this.#log.append([command]);
    // It is durable here. A leader would now wait until a majority has it.
    await this.#log.setDecidedIdx(to);
    await this.#applyUpTo(to);
  }

  get(key: string): string | undefined {
    return this.#state.get(key);
  }

  get size(): number {
    return this.#state.size;
  }

  get applied(): number {
    return this.#applied;
  }

  /** What a follower needs that lags too far behind: see {@link install}. */
  async latestSnapshot(): Promise<SnapshotStream | undefined> {
    const latest = await this.#snapshots.latest();
    return latest && this.#snapshots.open(latest.name);
  }

  /** Takes over the state of another replica. The log goes on at `index`. */
  async install(index: number, bytes: AsyncIterable<Uint8Array>): Promise<void> {
    await this.#snapshots.restore(this.#log, SNAPSHOT, index, bytes);
    await this.#load();
  }

  async close(): Promise<void> {
    await this.#snapshotting;
    await this.#db.close();
  }

  async #load(): Promise<void> {
    const bytes = await this.latestSnapshot();
    if (bytes === undefined) return;
    this.#state.clear();
    for await (const line of createInterface({ input: bytes })) {
      const [key, value] = JSON.parse(line) as [string, string];
      this.#state.set(key, value);
    }
    this.#applied = bytes.snapshot.index; // not what `latest` said: it may have been replaced in between
  }

  /** In the order of the log, one call after another. */
  #applyUpTo(decided: number): Promise<void> {
    this.#applying = this.#applying.then(async () => {
      for (const command of await this.#log.getEntries(this.#applied, decided)) this.#apply(command);
      this.#applied = Math.max(this.#applied, decided);
      const behind = this.#applied - (await this.#log.getCompactedIdx());
      if (behind >= SNAPSHOT_EVERY && this.#snapshotting === undefined) this.#snapshot();
    });
    return this.#applying;
  }

  #apply(command: Command): void {
    if ('set' in command) this.#state.set(command.set, command.to);
    else this.#state.delete(command.delete);
  }

  /** In the background: the copy stays as it is while the state moves on. A failure ends the process, as nobody handles it. */
  #snapshot(): void {
    const entries = [...this.#state];
    this.#snapshotting = this.#snapshots.compactTo(this.#log, SNAPSHOT, this.#applied, toLines(entries)).finally(() => {
      this.#snapshotting = undefined;
    });
  }
}

function* toLines(entries: readonly [string, string][]): Generator<Uint8Array> {
  for (const entry of entries) yield Buffer.from(`${JSON.stringify(entry)}\n`);
}
