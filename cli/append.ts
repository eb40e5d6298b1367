import { Command } from 'commander';
import { Database } from '../binding/index.js';
import { msgpackCodec } from '../lib/codec.js';
import { RocksdbStorage } from '../lib/rocksdb-storage.js';
import { jsonLines, MalformedLineError } from './json-lines.js';
import { cfOption, dbOption, parseCount } from './options.js';

interface AppendOptions {
  db: string;
  cf: string;
  batch: number;
}

export function appendCommand(): Command {
  return new Command('append')
    .description(
      'Appends JSON Lines from stdin, one entry a line, durably. A malformed line stops it; what came before stays.',
    )
    .addOption(dbOption)
    .addOption(cfOption)
    .option('--batch <n>', 'entries per write, each write one fsync', parseCount, 1000)
    .action(append);
}

async function append({ db: path, cf, batch: batchSize }: AppendOptions): Promise<void> {
  await using db = await Database.open(path, { columnFamilies: [cf] });
  const storage = RocksdbStorage.openIn<unknown>(db, cf);
  const fsyncsBefore = fsyncs(db);
  const { next: start } = storage.getBounds();

  const codec = msgpackCodec<unknown>();
  const batch: unknown[] = [];
  let malformed: MalformedLineError | undefined;
  try {
    for await (const entry of jsonLines(process.stdin, codec.encode)) {
      batch.push(entry);
      if (batch.length === batchSize) storage.appendEntries(batch.splice(0));
    }
  } catch (error) {
    if (!(error instanceof MalformedLineError)) throw error;
    malformed = error;
  }
  storage.appendEntries(batch);
  const { next } = storage.getBounds();
  const range = next === start ? '' : ` at [${start}, ${next})`;
  const synced = fsyncs(db) - fsyncsBefore;
  console.log(`appended ${count(next - start, 'entry', 'entries')}${range} with ${count(synced, 'fsync', 'fsyncs')}`);
  if (malformed) throw malformed;
}

function fsyncs(db: Database): number {
  return Number(db.property('rocksdb.dbstats/db.wal_syncs'));
}

function count(number: number, one: string, many: string): string {
  return `${number} ${number === 1 ? one : many}`;
}
