// What a replica is made of, opened one on top of the other, and closed in the other order.

import { Database, RocksError } from '../../binding/index.js';
import { NODE_CLOCK } from '../consensus/clock.js';
import { ConsensusError } from '../consensus/consensus-error.js';
import { PaxosRunner } from '../consensus/paxos-runner.js';
import type { LogIndex } from '../contract/storage.js';
import { StorageError } from '../contract/storage-error.js';
import { rawCodec } from '../format/raw-codec.js';
import { AsyncRocksdbStorage } from '../log/index.js';
import { SnapshotStore } from '../snapshots/index.js';
import type { Applier } from './applier.js';
import { IDENTITIES, Identity } from './identity.js';
import type { CheckedReplicaOptions } from './replica-options.js';
import { Snapshots } from './snapshots.js';
import { stateStoreOf } from './state-store.js';
import { StateTransfer } from './state-transfer.js';

const SNAPSHOTS = 'snapshots';

export interface ReplicaParts<C, R> {
  identity: Identity;
  storage: AsyncRocksdbStorage<Uint8Array>;
  runner: PaxosRunner<Uint8Array>;
  snapshots: Snapshots;
  states: StateTransfer;
  /** At the last snapshot. */
  applier: Applier<C, R>;
  /** Where the log begins. */
  compactedIdx: LogIndex;
  /** Resolves once nothing is under way. Never rejects: what has failed has been told. */
  close(): Promise<void>;
}

/** @throws ConsensusError; what the state machine's `restore` throws */
export async function openParts<C, R>(options: CheckedReplicaOptions<C, R>): Promise<ReplicaParts<C, R>> {
  const { path, group, cluster, server, bootstrap } = options;
  const opened: (() => Promise<unknown>)[] = [];
  const close = async () => {
    for (const part of opened.splice(0).reverse()) await part().catch(() => {});
  };
  try {
    const database = typeof path === 'string' ? await Database.open(path) : path;
    if (typeof path === 'string') opened.push(() => database.close());
    const log = `log.${group}.${cluster.configurationId}`;
    await createMissing(database, [IDENTITIES, SNAPSHOTS, log]);
    const identity = await Identity.open(database, group, server.pid, bootstrap);
    const storage = await AsyncRocksdbStorage.openIn<Uint8Array>(database, log, { entryCodec: rawCodec });
    opened.push(() => storage.close());
    const store = await SnapshotStore.openIn(database, SNAPSHOTS);
    const snapshots = new Snapshots(store, storage, group);
    opened.push(() => snapshots.idle());
    const states = new StateTransfer(stateStoreOf(store), group, () =>
      snapshots.isTaking ? undefined : snapshots.current,
    );
    await states.open();
    const runnerOptions = {
      cluster,
      server,
      storage,
      peers: options.peers,
      tickIntervalMs: options.tickIntervalMs,
      // Before it has spoken, what is there is what an earlier attempt has left.
      bootstrap: !identity.hasSpoken && (await storage.getPromise()) === undefined,
      entryCodec: rawCodec,
      earlyRelease: options.earlyRelease,
    };
    const runner = await PaxosRunner.openOn<Uint8Array>(NODE_CLOCK, runnerOptions, {}, states);
    opened.push(
      () => runner.stop(),
      () => states.close(),
    );
    const applier = await snapshots.restore(options.stateMachine, options.commandCodec);
    const compactedIdx = await storage.getCompactedIdx();
    await identity.speaks();
    return { identity, storage, runner, snapshots, states, applier, compactedIdx, close };
  } catch (error) {
    await close();
    throw asConsensusError(error);
  }
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
