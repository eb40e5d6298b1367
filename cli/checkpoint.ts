import { readdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Command } from 'commander';
import { type Database, RocksError } from '../binding/index.js';
import { openExisting } from './open-database.js';
import { dbOption } from './options.js';

interface CheckpointOptions {
  db: string;
  to: string;
}

export function checkpointCommand(): Command {
  return new Command('checkpoint')
    .description(
      'Copies a whole database, all its column families, into a new folder, which opens as a database of its own. ' +
        'Files are hard-linked where the file system allows. It needs the database to itself: a program that has it ' +
        'open calls db.checkpoint() instead.',
    )
    .addOption(dbOption)
    .requiredOption('--to <dir>', 'the new folder, which must not exist')
    .action(checkpoint);
}

async function checkpoint({ db: path, to }: CheckpointOptions): Promise<void> {
  await using db = await open(path);
  await db.checkpoint(to);
  const files = await readdir(to);
  const sizes = await Promise.all(files.map(async (name) => (await stat(join(to, name))).size));
  const bytes = sizes.reduce((sum, size) => sum + size, 0);
  console.log(`copied ${db.path} to ${resolve(to)}: ${files.length} files, ${bytes} bytes`);
}

async function open(path: string): Promise<Database> {
  try {
    return await openExisting(path, undefined);
  } catch (error) {
    if (!(error instanceof RocksError) || error.code !== 'LOCKED') throw error;
    throw new Error(`${error.message}; stop the program that has it open, or call db.checkpoint() in it`);
  }
}
