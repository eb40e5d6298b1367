// better-sqlite3, which comes without types. It is synchronous: there is no window, only batches.

import { join } from 'node:path';
import { findPackage } from './find-package.js';
import type { Peer, Row } from './peer.js';

interface Statement {
  run(...values: readonly Buffer[]): void;
}
interface Sqlite {
  pragma(source: string): unknown;
  exec(source: string): void;
  prepare(source: string): Statement;
  transaction<A extends readonly unknown[]>(run: (...given: A) => void): (...given: A) => void;
  close(): void;
}

/** Opening loads its addon, which is there only if npm was allowed to run the script that fetches or builds it. */
function opened(open: () => Sqlite): Sqlite {
  try {
    return open();
  } catch (error) {
    const [reason] = (error as Error).message.split('\n');
    throw new Error(`does not load (${reason}); \`npm rebuild better-sqlite3 --ignore-scripts=false\` may mend it`);
  }
}

export async function openBetterSqlite3(folder: string): Promise<Peer> {
  const { module: open, version } = await findPackage<new (path: string) => Sqlite>('better-sqlite3');
  const db = opened(() => new open(join(folder, 'log.sqlite')));
  db.pragma('journal_mode = WAL');
  db.pragma('synchronous = FULL');
  db.exec('CREATE TABLE log (key BLOB PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID');
  const insert = db.prepare('INSERT INTO log VALUES (?, ?)');
  const insertAll = db.transaction((rows: readonly Row[]) => {
    for (const { key, value } of rows) insert.run(key, value);
  });
  return {
    version,
    durability: 'journal_mode = WAL, synchronous = FULL',
    blocks: true,
    put: (key, value) => insert.run(key, value),
    putAll: (rows) => insertAll(rows),
    async settle() {
      db.exec('DELETE FROM log');
      db.pragma('wal_checkpoint(RESTART)');
    },
    close: async () => db.close(),
  };
}
