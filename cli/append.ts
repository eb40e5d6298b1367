import { fstatSync } from 'node:fs';
import { constants } from 'node:os';
import { Command } from 'commander';
import { Database } from '../binding/index.js';
import { msgpackCodec } from '../lib/format/msgpack-codec.js';
import { rawCodec } from '../lib/format/raw-codec.js';
import { RocksdbStorage } from '../lib/log/rocksdb-storage.js';
import { jsonLines, MalformedLineError } from './json-lines.js';
import { openExisting } from './open-database.js';
import { cfOption, dbOption, parseCount } from './options.js';

interface AppendOptions {
  db: string;
  cf: string;
  batch: number;
  create?: true;
}

/** So many encoded bytes are written at once, even if the batch has room for more entries. */
const MAX_BATCH_BYTES = 16 * 1024 * 1024;

export function appendCommand(): Command {
  return new Command('append')
    .description(
      'Appends JSON Lines from stdin, one entry a line, durably, with the default codec (MessagePack). Blank lines are ' +
        'skipped. A malformed line stops it and is told by its number, SIGINT and SIGTERM stop it too; what came before stays.',
    )
    .addOption(dbOption)
    .addOption(cfOption)
    .option('--create', 'make the database and the column family where there is none (default: refuse)')
    .option(
      '--batch <n>',
      'entries per write, each write one fsync; a batch is written earlier once it has 16 MiB',
      parseCount,
      1000,
    )
    .action(append);
}

async function append({ db: path, cf, batch: batchSize, create }: AppendOptions): Promise<void> {
  // Node would read it as an empty input.
  if (fstatSync(process.stdin.fd).isDirectory()) throw new Error('read stdin: it is a folder');
  await using db = create
    ? await Database.open(path, { columnFamilies: [cf] })
    : await openExisting(path, cf, '; --create makes it');
  // A line is encoded when it is read, so that one that cannot be stored is told by its number.
  const storage = RocksdbStorage.openIn(db, cf, { entryCodec: rawCodec });
  const fsyncsBefore = fsyncs(db);
  const { next: start } = storage.getBounds();

  const interruption = endInputOnSignal();
  let failure: unknown;
  try {
    await appendLines(storage, batchSize, interruption);
  } catch (error) {
    failure = error; // what came before stays, and is told first
  }
  const { next } = storage.getBounds();
  const range = next === start ? '' : ` at [${start}, ${next})`;
  const synced = fsyncs(db) - fsyncsBefore;
  console.log(`appended ${count(next - start, 'entry', 'entries')}${range} with ${count(synced, 'fsync', 'fsyncs')}`);
  if (failure !== undefined) throw failure;
  if (interruption.signal) process.exitCode = 128 + constants.signals[interruption.signal];
}

async function appendLines(
  storage: RocksdbStorage<Uint8Array>,
  batchSize: number,
  interruption: Interruption,
): Promise<void> {
  const { encode } = msgpackCodec<unknown>();
  const batch: Uint8Array[] = [];
  let batchBytes = 0;
  let malformed: MalformedLineError | undefined;
  try {
    for await (const entry of jsonLines(process.stdin, encode)) {
      batch.push(entry);
      batchBytes += entry.byteLength;
      if (batch.length < batchSize && batchBytes < MAX_BATCH_BYTES) continue;
      storage.appendEntries(batch.splice(0));
      batchBytes = 0;
    }
  } catch (error) {
    if (error instanceof MalformedLineError) malformed = error;
    else if (interruption.signal === undefined) throw error;
  }
  storage.appendEntries(batch);
  if (malformed) throw malformed;
}

interface Interruption {
  readonly signal: 'SIGINT' | 'SIGTERM' | undefined;
}

/** The first signal ends stdin, so that what was read is still appended; a second one ends the process, as by default. */
function endInputOnSignal(): Interruption {
  const interruption: { signal: Interruption['signal'] } = { signal: undefined };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      interruption.signal = signal;
      process.stdin.destroy();
    });
  }
  return interruption;
}

function fsyncs(db: Database): number {
  return Number(db.property('rocksdb.dbstats/db.wal_syncs'));
}

function count(number: number, one: string, many: string): string {
  return `${number} ${number === 1 ? one : many}`;
}
