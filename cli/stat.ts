import { readdir, stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { Command } from 'commander';
import type { Ballot } from '../lib/contract/storage.js';
import { META_KEYS } from '../lib/format/log-keys.js';
import { rawCodec } from '../lib/format/raw-codec.js';
import { RocksdbStorage } from '../lib/log/rocksdb-storage.js';
import { toJson } from './json.js';
import { openToRead } from './open-database.js';
import { cfOption, dbOption } from './options.js';
import { newTable } from './table.js';

interface StatOptions {
  db: string;
  cf: string;
  json?: true;
}

export function statCommand(): Command {
  return new Command('stat')
    .description('Prints where a log stands. Opens read-only, beside a live writer if there is one.')
    .addOption(dbOption)
    .addOption(cfOption)
    .option('--json', 'one JSON object instead of a table')
    .action(printStat);
}

async function printStat({ db: path, cf, json }: StatOptions): Promise<void> {
  await using db = await openToRead(path, cf);
  // Raw codecs, because nothing is decoded: the log may be of any codec.
  const storage = RocksdbStorage.openIn(db, cf, { entryCodec: rawCodec, snapshotCodec: rawCodec });
  const family = db.columnFamily(cf);
  const { first, next } = storage.getBounds();
  const bytes = await bytesByExtension(db.path);
  const figures = {
    first,
    next,
    compacted: storage.getCompactedIdx(),
    decided: storage.getDecidedIdx(),
    logLength: storage.getLogLen(),
    promise: storage.getPromise() ?? null,
    acceptedRound: storage.getAcceptedRound() ?? null,
    snapshotBytes: db.getSync(family, META_KEYS.snapshot)?.length ?? 0,
    stopsignBytes: db.getSync(family, META_KEYS.stopsign)?.length ?? 0,
    walBytes: bytes.get('.log') ?? 0,
    sstBytes: bytes.get('.sst') ?? 0,
  };
  if (json) {
    console.log(toJson(figures));
    return;
  }
  const table = await newTable([
    { name: 'what', title: `log in column family ${cf}`, alignment: 'left' },
    { name: 'value', title: '', alignment: 'right' },
  ]);
  for (const [what, value] of [
    ['first index', first],
    ['next index', next],
    ['compacted index', figures.compacted],
    ['decided index', figures.decided],
    ['log length', figures.logLength],
    ['promise', showBallot(figures.promise)],
    ['accepted round', showBallot(figures.acceptedRound)],
    ['snapshot, bytes', figures.snapshotBytes],
    ['stop-sign, bytes', figures.stopsignBytes],
    ['WAL of the database, bytes', figures.walBytes],
    ['SST files of the database, bytes', figures.sstBytes],
  ]) {
    table.addRow({ what, value });
  }
  table.printTable();
}

function showBallot(ballot: Ballot | null): string {
  if (ballot === null) return 'none';
  return `config ${ballot.configId}, n ${ballot.n}, priority ${ballot.priority}, pid ${ballot.pid}`;
}

async function bytesByExtension(folder: string): Promise<Map<string, number>> {
  const bytes = new Map<string, number>();
  for (const name of await readdir(folder)) {
    const file = await stat(join(folder, name)).catch(() => undefined); // a live writer may have removed it meanwhile
    if (file?.isFile()) bytes.set(extname(name), (bytes.get(extname(name)) ?? 0) + file.size);
  }
  return bytes;
}
