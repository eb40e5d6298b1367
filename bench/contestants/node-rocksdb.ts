// node-rocksdb, the package `rocksdb`, which comes without types.

import { mkdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { msgpackCodec } from '../../lib/codec.js';
import { LOG_END, LOG_START, logKey } from '../../lib/key-space.js';
import { encodeValue } from '../../lib/values.js';
import { measureInFlight } from '../measure.js';
import { READ_ENTRIES } from '../protocol.js';
import { type Flight, flights, rawEntries } from '../records.js';
import { type Contestant, packageVersion } from './contestant.js';
import { appendWith, storedEntries } from './peer-log.js';
import { rocksdbIdle } from './rocksdb-idle.js';

type Callback = (error: Error | null | undefined) => void;

interface Iterator {
  next(callback: (error: Error | null | undefined, key?: Buffer, value?: Buffer) => void): void;
  end(callback: Callback): void;
}
interface Rocksdb {
  open(options: object, callback: Callback): void;
  close(callback: Callback): void;
  put(key: Buffer, value: Buffer, options: { sync: boolean }, callback: Callback): void;
  batch(puts: readonly { type: 'put'; key: Buffer; value: Buffer }[], callback: Callback): void;
  iterator(options: { gte: Buffer; lt: Buffer; highWaterMark: number }): Iterator;
  getProperty(name: string): string;
}

const rocksdb = createRequire(import.meta.url)('rocksdb') as (path: string) => Rocksdb;

/** Bytes that its iterator fetches at a time. With the default, 16 KiB, it reads up to a third fewer objects a second. */
const HIGH_WATER_MARK = 64 * 1024;

export async function openNodeRocksdb(folder: string): Promise<Contestant> {
  const log = await open(join(folder, 'log'));
  const raw = await open(join(folder, 'raw'), storedEntries(rawEntries(READ_ENTRIES)));
  const codec = msgpackCodec<Flight>();
  const encoded = flights(READ_ENTRIES).map((flight) => encodeValue(codec, flight, () => 'a flight'));
  const objects = await open(join(folder, 'objects'), encoded);

  const put = promisify(log.put.bind(log));
  const sync = { sync: true };
  return {
    version: packageVersion('rocksdb'),
    durability: 'put with sync: true',
    works: {
      append: appendWith((key, value) => put(key, value, sync)),
      read: ({ ms }) => measureInFlight(ms, 1, READ_ENTRIES, () => read(raw, (value) => value)),
      'read-encoded-objects': ({ ms }) => measureInFlight(ms, 1, READ_ENTRIES, () => read(objects, (value) => value)),
      'read-objects': ({ ms }) =>
        measureInFlight(ms, 1, READ_ENTRIES, () => read(objects, (value) => codec.decode(value.subarray(1)))),
    },
    settle: () => rocksdbIdle((name) => log.getProperty(name)),
    async close() {
      for (const db of [log, raw, objects]) await promisify(db.close.bind(db))();
    },
  };
}

async function open(path: string, values: readonly Buffer[] = []): Promise<Rocksdb> {
  await mkdir(path);
  const db = rocksdb(path);
  await promisify(db.open.bind(db))({});
  await promisify(db.batch.bind(db))(values.map((value, idx) => ({ type: 'put', key: logKey(idx), value })));
  return db;
}

/** Reads all entries by the iterator's own callbacks, which are faster than promises made of them. */
function read<T>(db: Rocksdb, toEntry: (value: Buffer) => T): Promise<T[]> {
  const iterator = db.iterator({ gte: LOG_START, lt: LOG_END, highWaterMark: HIGH_WATER_MARK });
  const entries: T[] = [];
  return new Promise((resolve, reject) => {
    const end = (error?: Error) => {
      iterator.end((failure) => (error || failure ? reject(error ?? failure) : resolve(entries)));
    };
    iterator.next(function visit(error, key, value) {
      if (error || key === undefined || value === undefined) {
        if (!error && entries.length !== READ_ENTRIES) return end(new Error(`read ${entries.length} entries`));
        return end(error ?? undefined);
      }
      entries.push(toEntry(value));
      iterator.next(visit);
    });
  });
}
