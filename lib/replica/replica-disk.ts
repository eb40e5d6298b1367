// What a replica has on its disk beside the log of its configuration: who it is, its snapshot, and the logs that came before.

import { Database, RocksError } from '../../binding/index.js';
import type { PackedBatch } from '../../binding/packed-batch.js';
import { ConsensusError } from '../consensus/consensus-error.js';
import type { LogIndex } from '../contract/storage.js';
import { StorageError } from '../contract/storage-error.js';
import { rawCodec } from '../format/raw-codec.js';
import { AsyncRocksdbStorage } from '../log/index.js';
import { accessOf } from '../log/storage-methods.js';
import { SnapshotStore } from '../snapshots/index.js';
import { RESTORATION, replacementOps } from '../snapshots/log-move.js';
import { isFileDamage } from '../snapshots/snapshot-damage.js';
import { AppliedProposals } from './applied-proposals.js';
import { Applier } from './applier.js';
import { restoreBackup } from './backup.js';
import { type Configuration, firstConfiguration } from './configurations.js';
import { IDENTITIES, Identity, type PastConfiguration } from './identity.js';
import { IncomingStates } from './incoming-states.js';
import type { CheckedReplicaOptions } from './replica-options.js';
import { DamagedSnapshot, Snapshots } from './snapshots.js';
import { stateStoreOf } from './state-store.js';

/** The column family of the snapshots of all groups in a database. */
export const SNAPSHOTS = 'snapshots';
/** What is read of an earlier log at once. */
const PAGE_BYTES = 1024 * 1024;

export type Log = AsyncRocksdbStorage<Uint8Array>;

export class ReplicaDisk {
  readonly #database: Database;
  readonly #isOwn: boolean;
  readonly group: string;
  readonly identity: Identity;
  #store: SnapshotStore;
  #snapshots: Snapshots;

  /** @throws ConsensusError, as of {@link Identity.open}; StorageError, RocksError */
  static async open<C, R>(options: CheckedReplicaOptions<C, R>): Promise<ReplicaDisk> {
    const { path, group, pid, bootstrap, join } = options;
    const database = typeof path === 'string' ? await Database.open(path) : path;
    const isOwn = typeof path === 'string';
    try {
      await createMissing(database, [IDENTITIES, SNAPSHOTS]);
      const store = await SnapshotStore.openIn(database, SNAPSHOTS).catch(async (error) => {
        if (!isFileDamage(error) || !isOwn || !(await isAlone(database, group))) throw error;
        return newStore(database);
      });
      const first = () => beginGroup(store, options);
      const identity = await Identity.open(database, group, { pid, bootstrap, join, first });
      return new ReplicaDisk(database, isOwn, group, identity, store);
    } catch (error) {
      if (isOwn) await database.close().catch(() => {});
      throw error;
    }
  }

  private constructor(database: Database, isOwn: boolean, group: string, identity: Identity, store: SnapshotStore) {
    this.#database = database;
    this.#isOwn = isOwn;
    this.group = group;
    this.identity = identity;
    this.#store = store;
    this.#snapshots = new Snapshots(store, group);
  }

  get store(): SnapshotStore {
    return this.#store;
  }

  get snapshots(): Snapshots {
    return this.#snapshots;
  }

  /**
   * The snapshot is damaged, and nothing of it is needed. Where a file of the database is, it goes as a whole: RocksDB would stop
   * all writes once it came upon the damage again. Snapshots of other groups may be in it, and then it stays.
   */
  async discardDamaged(damage: DamagedSnapshot): Promise<void> {
    if (isFileDamage(damage.cause) && this.#isOwn && (await isAlone(this.#database, this.group))) {
      this.#store = await newStore(this.#database);
      this.#snapshots = new Snapshots(this.#store, this.group);
    }
    this.#snapshots.damage = damage;
  }

  /** Behind which a peer's state of a configuration that runs here comes, or of one that begins here, is announced. */
  incomingName(what: 'state' | 'beginning'): string {
    return `${this.group}.${what}`;
  }

  /** Nothing is kept of peers' states that have come, now or in an earlier life, for a configuration to begin here. */
  discardBeginning(): Promise<void> {
    return new IncomingStates(stateStoreOf(this.store), this.group, this.incomingName('beginning')).discard();
  }

  /**
   * {@link restore}, and the log goes on from there.
   * @throws DamagedSnapshot where it does not; as {@link restore}
   */
  async restoreAtStart<C, R>(options: CheckedReplicaOptions<C, R>): Promise<Applier<C, R> | undefined> {
    const applier = await this.restore(options);
    if (applier === undefined) return undefined;
    const floor = await this.floor();
    if (applier.appliedIdx < floor) throw gap(floor, applier.appliedIdx);
    return applier;
  }

  /** Where the log of the current configuration begins, which nobody may have open. */
  async floor(): Promise<LogIndex> {
    const log = await this.openLog(this.identity.configuration as Configuration);
    try {
      return await log.getCompactedIdx();
    } finally {
      await log.close();
    }
  }

  /**
   * Puts the state machine where the current configuration begins, or behind that. The snapshot tells which configuration is
   * the current one, where it is of a later one than the replica knew when it ended. Undefined where there is none yet.
   * @throws DamagedSnapshot, also where what leads from the snapshot to the log is not there; what {@link Snapshots.restore}
   *   throws; what the state machine throws
   */
  async restore<C, R>({ stateMachine, commandCodec }: CheckedReplicaOptions<C, R>): Promise<Applier<C, R> | undefined> {
    const restored = await this.snapshots.restore(stateMachine, commandCodec);
    const known = this.identity.configuration;
    if (restored !== undefined && restored.configuration.configurationId > (known?.configurationId ?? 0)) {
      await this.identity.adopt(restored.configuration);
    }
    const { before, configuration } = this.identity;
    if (configuration === undefined) return undefined;
    const [first] = [...before.map((past) => past.configuration), configuration];
    const beginning = { index: 0, configuration: first as Configuration, proposals: new AppliedProposals() };
    const applier = restored?.applier ?? new Applier(stateMachine, commandCodec, beginning);
    for (const past of before) if (applier.appliedIdx <= past.end) await this.#replay(past, applier);
    if (applier.appliedIdx < configuration.begin) throw gap(configuration.begin, applier.appliedIdx);
    await this.#dropStaleLogs();
    return applier;
  }

  async #replay<C, R>({ configuration, end, next }: PastConfiguration, applier: Applier<C, R>): Promise<void> {
    const log = await openLogIn(this.#database, this.group, configuration);
    try {
      while (applier.appliedIdx < end) {
        const from = applier.appliedIdx;
        const entries = await log.getEntries(from, end, { maxBytes: PAGE_BYTES });
        if (entries.length === 0) throw new DamagedSnapshot(`the log behind it lacks entry ${from}`);
        await applier.apply(from, entries, new AbortController().signal);
      }
      applier.reconfigured(end, next);
    } finally {
      await log.close();
    }
  }

  /** The log of a configuration, which begins where the configuration does, or behind that. */
  async openLog(configuration: Configuration): Promise<Log> {
    await createMissing(this.#database, [logName(this.group, configuration)]);
    const log = await openLogIn(this.#database, this.group, configuration);
    try {
      if ((await log.getCompactedIdx()) < configuration.begin) await this.beginLog(log, configuration.begin);
      return log;
    } catch (error) {
      await log.close();
      throw error;
    }
  }

  /** The log begins at `index`, durable with `alongside` when this resolves. No replica may have voted on it. */
  async beginLog(log: Log, index: LogIndex, alongside?: PackedBatch): Promise<void> {
    if ((await log.getPromise()) !== undefined) throw new Error('the log has begun');
    await accessOf(log).write(
      () => RESTORATION.ops(index, index),
      () => {},
      { ...(alongside && { alongside }), sync: true },
    );
  }

  /**
   * The state of a peer at `index`, of the current configuration, becomes the snapshot by `records`, and the log goes on from
   * it, with all that it has promised. Durable when this resolves.
   */
  async replaceSnapshot(index: LogIndex, records: PackedBatch): Promise<void> {
    const log = await this.openLog(this.identity.configuration as Configuration);
    try {
      await accessOf(log).write(
        (cursor) => replacementOps(cursor, index),
        () => {},
        { alongside: records, sync: true },
      );
    } finally {
      await log.close();
    }
  }

  /** The log before the current configuration is needed no more: a snapshot covers it. It must be closed. */
  async forgetBefore(): Promise<void> {
    await this.identity.forgetBefore();
    await this.#dropStaleLogs();
  }

  /** The log of a later configuration than the current one may be about to begin. */
  async #dropStaleLogs(): Promise<void> {
    const { before, configuration } = this.identity;
    const needed = before.map((past) => logName(this.group, past.configuration));
    const prefix = `log.${this.group}.`;
    const stale = this.#database.columnFamilies.filter((name) => {
      const id = name.startsWith(prefix) ? Number(name.slice(prefix.length)) : Number.POSITIVE_INFINITY;
      return id < (configuration?.configurationId ?? 0) && !needed.includes(name);
    });
    await Promise.all(stale.map((name) => this.#database.dropColumnFamily(name)));
  }

  /** Never rejects: what has failed has been told. */
  async close(): Promise<void> {
    await this.snapshots.idle();
    if (this.#isOwn) await this.#database.close().catch(() => {});
  }
}

function gap(floor: LogIndex, appliedIdx: LogIndex): DamagedSnapshot {
  return new DamagedSnapshot(`the log begins at ${floor}, and the state is at ${appliedIdx}`);
}

/** The log of a configuration, which is there. */
export function openLogIn(database: Database, group: string, configuration: Configuration): Promise<Log> {
  return AsyncRocksdbStorage.openIn<Uint8Array>(database, logName(group, configuration), { entryCodec: rawCodec });
}

/** The column family of the log of a configuration. */
export function logName(group: string, { configurationId }: Configuration): string {
  return `log.${group}.${configurationId}`;
}

/** Whether no replica of another group is in the database. */
async function isAlone(database: Database, group: string): Promise<boolean> {
  const rows = await database.scan(database.columnFamily(IDENTITIES));
  return rows.every(({ key }) => key.toString() === group);
}

/** In the place of the one that there is. */
async function newStore(database: Database): Promise<SnapshotStore> {
  await database.dropColumnFamily(SNAPSHOTS);
  await createMissing(database, [SNAPSHOTS]);
  return SnapshotStore.openIn(database, SNAPSHOTS);
}

/** What an earlier attempt has left of a snapshot is another group's. */
async function beginGroup<C, R>(
  store: SnapshotStore,
  { group, configurationId, peers, backup }: CheckedReplicaOptions<C, R>,
): Promise<Configuration> {
  if (backup !== undefined) return restoreBackup(store, group, backup, peers);
  await store.delete(group);
  return firstConfiguration(configurationId, peers);
}

/** Replicas of several groups may open at once. */
async function createMissing(database: Database, names: readonly string[]): Promise<void> {
  const missing = names.filter((name) => !database.columnFamilies.includes(name));
  const create = async (name: string) => {
    try {
      await database.createColumnFamily(name);
    } catch (error) {
      if (!database.columnFamilies.includes(name)) throw error;
    }
  };
  await Promise.all(missing.map(create));
}

/** What the disk refuses with. Errors of the state machine stay as they are. */
export function asConsensusError(error: unknown): unknown {
  if (!(error instanceof RocksError || error instanceof StorageError)) return error;
  return new ConsensusError('STORAGE_FAILED', `the disk of the replica has failed: ${error.message}`, { cause: error });
}
