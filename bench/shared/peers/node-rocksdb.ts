// node-rocksdb, the package `rocksdb`, which comes without types.

import { promisify } from 'node:util';
import { rocksdbIdle } from '../rocksdb-idle.js';
import { findPackage } from './find-package.js';
import type { Peer, Row } from './peer.js';

export type Callback = (error: Error | null | undefined) => void;

export interface RocksdbIterator {
  next(callback: (error: Error | null | undefined, key?: Buffer, value?: Buffer) => void): void;
  end(callback: Callback): void;
}
export interface NodeRocksdb {
  open(options: object, callback: Callback): void;
  close(callback: Callback): void;
  put(key: Buffer, value: Buffer, options: { sync: boolean }, callback: Callback): void;
  batch(puts: readonly ({ type: 'put' } & Row)[], options: { sync: boolean }, callback: Callback): void;
  iterator(options: { gte: Buffer; lt: Buffer; highWaterMark: number }): RocksdbIterator;
  getProperty(name: string): string;
}

export async function openNodeRocksdb(folder: string): Promise<Peer> {
  const { db, version } = await openAt(folder);
  const sync = { sync: true };
  const put = promisify(db.put.bind(db));
  return {
    version,
    durability: 'put and batch with sync: true',
    blocks: false,
    put: (key, value) => put(key, value, sync),
    putAll: (rows) => writeAll(db, rows, sync),
    settle: () => rocksdbIdle((name) => db.getProperty(name)),
    close: () => promisify(db.close.bind(db))(),
  };
}

export async function openAt(path: string): Promise<{ db: NodeRocksdb; version: string }> {
  const { module, version } = await findPackage<(path: string) => NodeRocksdb>('rocksdb');
  const db = module(path);
  await promisify(db.open.bind(db))({});
  return { db, version };
}

export function writeAll(db: NodeRocksdb, rows: readonly Row[], options: { sync: boolean }): Promise<void> {
  return promisify(db.batch.bind(db))(
    rows.map(({ key, value }) => ({ type: 'put' as const, key, value })),
    options,
  );
}
