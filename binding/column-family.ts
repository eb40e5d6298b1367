import { wrongType } from './arguments.js';

/** The database that a column family or a batch belongs to. Two owners are the same if they are the same object. */
export interface FamilyOwner {
  /** The path of the database, absolute. */
  readonly path: string;
}

/** A named key space of a database, with a memtable and files of its own. */
export interface ColumnFamilyOf<D> {
  /** As it was created. */
  readonly name: string;
  /** The database that it is in. */
  readonly database: D;
}

/** @internal The only implementation of {@link ColumnFamilyOf}. */
export class ColumnFamilyHandle<D> implements ColumnFamilyOf<D> {
  readonly #id: number;
  readonly #owner: FamilyOwner;
  readonly name: string;
  readonly database: D;

  /** `id` is RocksDB's own, never used twice. */
  constructor(owner: FamilyOwner, database: D, name: string, id: number) {
    this.#owner = owner;
    this.database = database;
    this.name = name;
    this.#id = id;
  }

  /** The id of `value`, which must be a column family made here, of `owner` where that is given. */
  static idOf(argument: string, value: unknown, owner?: FamilyOwner): number {
    if (typeof value !== 'object' || value === null || !(#id in value)) {
      throw wrongType(argument, 'a ColumnFamily', value);
    }
    if (owner !== undefined && value.#owner !== owner) {
      throw wrongType(argument, `a ColumnFamily of the database at ${owner.path}`, value);
    }
    return value.#id;
  }

  /** Whose `value` is, which must be a column family made here. */
  static ownerOf(argument: string, value: unknown): FamilyOwner {
    if (typeof value !== 'object' || value === null || !(#id in value)) {
      throw wrongType(argument, 'a ColumnFamily', value);
    }
    return value.#owner;
  }
}
