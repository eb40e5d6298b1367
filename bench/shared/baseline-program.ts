import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Where a clone's compiled programs are. */
export const BUILT = fileURLToPath(new URL('build/Release/', import.meta.resolve('omnipaxos-rocksdb/package.json')));

/** The C++ program that measures RocksDB and the disk (../native-baseline). A clone has it, the published package has not. */
export const baselineProgram = join(BUILT, 'native-baseline');
