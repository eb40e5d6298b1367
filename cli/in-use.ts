import { RocksError } from '../binding/index.js';

const IN_USE = 3;

/** For --help of the commands that need the database to themselves, and end with a code of its own where they have not. */
export const IN_USE_HELP = '3 a program has the database open';

/** What `work` gives; undefined, and an exit code of its own, where somebody has the database open. */
export async function unlessInUse<R>(work: () => Promise<R>): Promise<R | undefined> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof RocksError) || error.code !== 'LOCKED') throw error;
    console.error(`omnipaxos-rocksdb: ${error.message}: stop the program that has it open`);
    process.exitCode = IN_USE;
    return undefined;
  }
}
