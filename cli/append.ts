import { fstatSync } from 'node:fs';
import { constants } from 'node:os';
import { Command } from 'commander';
import { Database } from '../binding/index.js';
import { msgpackCodec } from '../lib/format/msgpack-codec.js';
import { RocksdbStorage } from '../lib/log/rocksdb-storage.js';
import { jsonLines, MalformedLineError } from './json-lines.js';
import { cfOption, dbOption, parseCount } from './options.js';

interface AppendOptions {
  db: string;
  cf: string;
  batch: number;
}

/** Encoded bytes that are not held back for the rest of a batch. */
const MAX_BATCH_BYTES = 16 * 1024 * 1024;

export function appendCommand(): Command {
  return new Command('append')
    .description(
      'Appends JSON Lines from stdin, one entry a line, durably, with the default codec (MessagePack). A malformed line ' +
        'stops it, as SIGINT and SIGTERM do; what came before stays.',
    )
    .addOption(dbOption)
    .addOption(cfOption)
    .option('--batch <n>', 'entries per write, each write one fsync; 16 MiB are written at once', parseCount, 1000)
    .action(append);
}

async function append({ db: path, cf, batch: batchSize }: AppendOptions): Promise<void> {
  // Node gives an empty stream for it.
  if (fstatSync(process.stdin.fd).isDirectory()) throw new Error('read stdin: it is a folder');
  await using db = await Database.open(path, { columnFamilies: [cf] });
  const storage = RocksdbStorage.openIn<unknown>(db, cf);
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
  storage: RocksdbStorage<unknown>,
  batchSize: number,
  interruption: Interruption,
): Promise<void> {
  const codec = msgpackCodec<unknown>();
  const batch: unknown[] = [];
  let batchBytes = 0;
  const encode = (entry: unknown) => {
    batchBytes += codec.encode(entry).byteLength;
  };
  let malformed: MalformedLineError | undefined;
  try {
    for await (const entry of jsonLines(process.stdin, encode)) {
      batch.push(entry);
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
