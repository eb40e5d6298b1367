import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { constants } from 'node:os';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Command, Option } from 'commander';
import { Database } from '../binding/index.js';
import { SnapshotStore } from '../lib/snapshots/snapshot-store.js';
import { toJson } from './json.js';
import { writeNewFile } from './new-file.js';
import { openToRead } from './open-database.js';
import { dbOption, parseIndex } from './options.js';
import { newTable } from './table.js';

interface StoreOptions {
  db: string;
  cf: string;
}

const snapshotsOption = new Option('--cf <name>', 'column family of the snapshots').default('snapshots');
const nameOption = new Option('--name <name>', 'name of the snapshot').makeOptionMandatory();

export function snapshotsCommand(): Command {
  return new Command('snapshots')
    .description('Lists snapshots, and brings them out of a database or into it.')
    .addCommand(
      new Command('list')
        .description('Lists all, by their index. Opens read-only, beside a live writer if there is one.')
        .addOption(dbOption)
        .addOption(snapshotsOption)
        .option('--json', 'one JSON object a line instead of a table')
        .action(list),
    )
    .addCommand(
      new Command('export')
        .description(
          'Writes the bytes of one, verified, and tells its index (on stderr where the bytes go to stdout). Opens ' +
            'read-only, beside a live writer if there is one.',
        )
        .addOption(dbOption)
        .addOption(snapshotsOption)
        .addOption(nameOption)
        .option(
          '--to <file>',
          'a new file, which must not exist (default: stdout). It appears once it is complete. Until then the bytes are in ' +
            '<file>.<random>.partial beside it: a killed export leaves that behind, and you may remove it',
        )
        .action(exportSnapshot),
    )
    .addCommand(
      new Command('import')
        .description(
          'Stores one, in place of one of the same name. It needs the database to itself, and makes it where there is none.',
        )
        .addOption(dbOption)
        .addOption(snapshotsOption)
        .addOption(nameOption)
        .requiredOption('--index <index>', 'the log index that it stands for', parseIndex)
        .option('--from <file>', 'file to read (default: stdin)')
        .option('--no-overwrite', 'refuse a name that is taken')
        .action(importSnapshot),
    );
}

async function list({ db: path, cf, json }: StoreOptions & { json?: true }): Promise<void> {
  await using db = await openToRead(path, cf);
  const snapshots = await (await SnapshotStore.openIn(db, cf)).list();
  if (json) {
    for (const snapshot of snapshots) console.log(toJson(snapshot));
    return;
  }
  const table = await newTable([
    { name: 'name', title: `snapshot in column family ${cf}`, alignment: 'left' },
    { name: 'index', alignment: 'right' },
    { name: 'bytes', alignment: 'right' },
    { name: 'created', alignment: 'left' },
  ]);
  for (const { name, index, byteLength, createdAt } of snapshots) {
    table.addRow({ name, index, bytes: byteLength, created: createdAt.toISOString() });
  }
  table.printTable();
}

async function exportSnapshot({ db: path, cf, name, to }: StoreOptions & { name: string; to?: string }): Promise<void> {
  await using db = await openToRead(path, cf);
  const bytes = await (await SnapshotStore.openIn(db, cf)).open(name);
  const { index, byteLength } = bytes.snapshot;
  const exported = `exported ${JSON.stringify(name)} at index ${index}`;
  if (to === undefined) {
    await pipeline(bytes, process.stdout, { end: false });
    console.error(`${exported}: ${byteLength} bytes`);
    return;
  }
  const interruption = destroyOnSignal(bytes); // before there is a file to be removed
  try {
    await writeNewFile(to, bytes);
  } catch (error) {
    if (!interruption.happened) throw error;
    return;
  }
  console.log(`${exported} to ${to}: ${byteLength} bytes`);
}

interface ImportOptions extends StoreOptions {
  name: string;
  index: number;
  from?: string;
  overwrite: boolean;
}

async function importSnapshot({ db: path, cf, name, index, from, overwrite }: ImportOptions): Promise<void> {
  // Before a database is made for it.
  if (from !== undefined && (await stat(from)).isDirectory()) throw new Error(`import from ${from}: it is a folder`);
  const source = from === undefined ? process.stdin : createReadStream(from);
  if (from !== undefined) await once(source, 'open');
  await using db = await Database.open(path, { columnFamilies: [cf] });
  const store = await SnapshotStore.openIn(db, cf);
  const interruption = destroyOnSignal(source);
  try {
    const { byteLength } = await store.put(name, index, source, { overwrite });
    console.log(`imported ${JSON.stringify(name)} at index ${index}: ${byteLength} bytes`);
  } catch (error) {
    if (!interruption.happened) throw error;
  }
}

/** The first signal cuts the work short, and leaves nothing half done; a second one ends the process, as by default. */
function destroyOnSignal(stream: Readable): { happened: boolean } {
  const interruption = { happened: false };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      interruption.happened = true;
      process.exitCode = 128 + constants.signals[signal];
      stream.destroy(new Error(signal));
    });
  }
  return interruption;
}
