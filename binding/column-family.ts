import { wrongType } from './arguments.js';
import type { Database } from './database.js';

/** A named key space of a database, with a memtable and files of its own. From {@link Database.columnFamily}. */
export interface ColumnFamily {
  readonly name: string;
  readonly database: Database;
}

/** @internal The only implementation of {@link ColumnFamily}. Its id is RocksDB's own, never used twice. */
export class ColumnFamilyHandle implements ColumnFamily {
  readonly #id: number;
  readonly name: string;
  readonly database: Database;

  constructor(database: Database, name: string, id: number) {
    this.database = database;
    this.name = name;
    this.#id = id;
  }

  /** The id of `value`, which must be a column family made here, of `database` where that is given. */
  static idOf(argument: string, value: unknown, database?: Database): number {
    if (typeof value !== 'object' || value === null || !(#id in value)) {
      throw wrongType(argument, 'a ColumnFamily', value);
    }
    if (database !== undefined && value.database !== database) {
      throw wrongType(argument, `a ColumnFamily of the database at ${database.path}`, value);
    }
    return value.#id;
  }
}
