import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Where a clone's compiled programs are. */
export const BUILT = fileURLToPath(new URL('build/Release/', import.meta.resolve('omnipaxos-rocksdb/package.json')));

/** RocksDB and the disk in C++ (../native-baseline); a clone has built it, the published package does not carry it. */
export const baselineProgram = join(BUILT, 'native-baseline');
