// node-rocksdb: its appends, and reads by its iterator.

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { LOG_END, LOG_START, logKey } from '../../../lib/format/log-keys.js';
import { msgpackCodec } from '../../../lib/format/msgpack-codec.js';
import { encodeValue } from '../../../lib/format/values.js';
import type { Contestant } from '../../shared/contestant.js';
import { measureInFlight } from '../../shared/measure.js';
import { type NodeRocksdb, openAt, openNodeRocksdb, writeAll } from '../../shared/peers/node-rocksdb.js';
import { contestantOf, storedEntries } from '../../shared/peers/peer.js';
import { READ_ENTRIES } from '../../shared/protocol.js';
import { rawEntries } from '../../shared/raw-entries.js';
import { type Flight, flights } from '../flights.js';

/** Bytes that its iterator fetches at a time. With the default, 16 KiB, it reads up to a third fewer objects a second. */
const HIGH_WATER_MARK = 64 * 1024;

export async function openReadNodeRocksdb(folder: string): Promise<Contestant> {
  const log = contestantOf(await openNodeRocksdb(join(folder, 'log')));
  const raw = await openFilled(join(folder, 'raw'), storedEntries(rawEntries(READ_ENTRIES)));
  const codec = msgpackCodec<Flight>();
  const encoded = flights(READ_ENTRIES).map((flight) => encodeValue(codec, flight, () => 'a flight'));
  const objects = await openFilled(join(folder, 'objects'), encoded);

  return {
    ...log,
    works: {
      ...log.works,
      read: ({ ms }) => measureInFlight(ms, 1, READ_ENTRIES, () => read(raw, (value) => value)),
      'read-encoded-objects': ({ ms }) => measureInFlight(ms, 1, READ_ENTRIES, () => read(objects, (value) => value)),
      'read-objects': ({ ms }) =>
        measureInFlight(ms, 1, READ_ENTRIES, () => read(objects, (value) => codec.decode(value.subarray(1)))),
    },
    async close() {
      await log.close();
      for (const db of [raw, objects]) await promisify(db.close.bind(db))();
    },
  };
}

async function openFilled(path: string, values: readonly Buffer[]): Promise<NodeRocksdb> {
  await mkdir(path);
  const { db } = await openAt(path);
  await writeAll(
    db,
    values.map((value, idx) => ({ key: logKey(idx), value })),
    { sync: false },
  );
  return db;
}

/** Reads all entries by the iterator's own callbacks, which are faster than promises made of them. */
function read<T>(db: NodeRocksdb, toEntry: (value: Buffer) => T): Promise<T[]> {
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
