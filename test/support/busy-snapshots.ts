import { type ColumnFamily, RocksError, SnapshotStore, StorageError } from '../../lib/index.js';
import { newColumnFamily } from './shared-database.js';
import { content } from './snapshots.js';

let busy: Promise<void> | undefined;

/** A new column family for a log, in a database whose snapshot store puts, reads and removes until the database is closed. */
export async function besideBusySnapshots(): Promise<ColumnFamily> {
  busy ??= keepBusy();
  await busy;
  return newColumnFamily();
}

/** Settles once the first snapshot is there, and goes on. */
async function keepBusy(): Promise<void> {
  const { database, name } = await newColumnFamily();
  const store = await SnapshotStore.openIn(database, name);
  const bytes = content(1_000_000);
  const turn = async (i: number) => {
    await store.put(`${i % 3}`, i, bytes);
    for await (const _ of await store.open(`${i % 3}`));
    if (i % 5 === 0) await store.prune({ keep: 1 });
  };
  await turn(0);
  const goOn = async () => {
    for (let i = 1; ; i++) await turn(i);
  };
  goOn().catch((error) => {
    const closed = error instanceof StorageError && error.cause instanceof RocksError && error.cause.code === 'CLOSED';
    if (!closed) throw error;
  });
}
