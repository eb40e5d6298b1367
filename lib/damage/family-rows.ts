// All rows of a column family in the order of their keys, whether or not its files are whole.

import { coreOf } from '../../binding/database.js';
import { type ColumnFamily, RocksError } from '../../binding/index.js';

/** A record, or one of which only the key is known. */
export type FamilyRow = { key: Buffer; value: Buffer; reason?: never } | { key: Buffer; value?: never; reason: string };

/** Keys from `from` on up to before `to`: what a damaged file has there is not known. */
export interface UnreadableKeys {
  from: Buffer;
  to: Buffer;
  /** With the file. */
  reason: string;
}

const FIRST_KEY = Buffer.alloc(0);
/** See native/core/salvage.h. */
const VALUE = 0;
const UNTOLD = 1;

/** Whether `error` tells of damage to the files, and not of the process or of its caller. */
export function isDamage(error: unknown): error is RocksError {
  return error instanceof RocksError && ['CORRUPTION', 'IO_ERROR', 'NOT_SUPPORTED'].includes(error.code);
}

export interface FamilyRows {
  readonly family: ColumnFamily;
  rows(): AsyncIterable<FamilyRow>;
  /** Known once all rows were read. */
  readonly unreadable: readonly UnreadableKeys[];
}

/** Of a database without damaged files. A damaged one ends it with a RocksError. */
export class WholeRows implements FamilyRows {
  readonly family: ColumnFamily;
  readonly unreadable: readonly UnreadableKeys[] = [];

  constructor(family: ColumnFamily) {
    this.family = family;
  }

  rows(): AsyncIterable<FamilyRow> {
    return this.family.database.iterate(this.family);
  }
}

/** Of a database that was opened where damage is tolerated: what can be read, and what cannot. */
export class SalvagedRows implements FamilyRows {
  readonly family: ColumnFamily;
  readonly #unreadable: UnreadableKeys[] = [];

  constructor(family: ColumnFamily) {
    this.family = family;
  }

  get unreadable(): readonly UnreadableKeys[] {
    return this.#unreadable;
  }

  async *rows(): AsyncGenerator<FamilyRow, void, undefined> {
    this.#unreadable.length = 0;
    const core = coreOf(this.family.database);
    for (let from: Buffer = FIRST_KEY; ; ) {
      const piece = await core.salvage(this.family, from);
      let last: Buffer | undefined;
      for (const { key, value } of piece.rows()) {
        const rest = value.subarray(1);
        if (value[0] === VALUE) yield { key, value: rest };
        else if (value[0] === UNTOLD) yield { key, reason: rest.toString() };
        else {
          this.#note(key, rest);
          continue;
        }
        last = key;
      }
      if (last === undefined) return;
      from = Buffer.concat([last, Buffer.alloc(1)]);
    }
  }

  /** A damage that reaches into the next piece is told again there, from where that begins. */
  #note(from: Buffer, told: Buffer): void {
    const end = 4 + told.readUInt32LE(0);
    const to = told.subarray(4, end);
    const reason = told.toString('utf8', end);
    const known = this.#unreadable.find((other) => other.reason === reason && other.to.equals(to));
    if (known === undefined) this.#unreadable.push({ from: Buffer.from(from), to: Buffer.from(to), reason });
  }
}
