// What may be chosen when a database is opened, or a column family created.

import {
  checkBoolean,
  checkInteger,
  checkName,
  checkOptionalInteger,
  checkOptions,
  outOfRange,
  wrongType,
} from './arguments.js';
import type { NativeColumnFamilyOptions, NativeOpenOptions } from './native-addon.js';
import { RocksError } from './rocks-error.js';

/** A column family to be opened or created. */
export interface ColumnFamilyOptions {
  /** Not empty, and without a zero byte. */
  name: string;
  /** Bytes of a memtable at which it is flushed to a file, at least 64 KiB. Default 64 MiB. */
  writeBufferSize?: number;
}

/** Options of {@link Database.open}. */
export interface DatabaseOptions {
  /** Column families to open, beside `default`. All that exist on disk are opened in any case. */
  columnFamilies?: readonly (string | ColumnFamilyOptions)[];
  /** Make the database where there is none, and the folders above it. Default true. */
  createIfMissing?: boolean;
  /** Make those of `columnFamilies` that are not there. Default true. */
  createMissingColumnFamilies?: boolean;
  /** Refuse to open a database that is there already. Default false. */
  errorIfExists?: boolean;
  /**
   * For reading alone. It takes no lock: the database may be open for writing elsewhere. It sees what was written before it
   * was opened. Default false.
   */
  readOnly?: boolean;
  /**
   * What to do with a database that has lost something which had been made durable. `refuse`, the default: it is not opened
   * (`CORRUPTION`), and nothing is changed. `as-much-as-is-there`: it is opened without what is lost, which
   * {@link Database.recovered} tells; its files stay as they were in a folder inside it. A replica may then have forgotten
   * what it promised: see `docs/damage.md` before.
   */
  recover?: 'refuse' | 'as-much-as-is-there';
  /** Bytes of WAL after which column families that pin old WALs are flushed. Default 128 MiB. */
  maxTotalWalSize?: number;
  /**
   * WAL files kept for reuse, so that an fsync need not grow a file. Default 2; 0 turns it off. A file that is not reused, as
   * each is at first, is written ahead with zeros, at most 256 KiB, while what is synced at a time is small.
   */
  recycleWalFiles?: number;
  /**
   * Bytes of asynchronous writes that may wait for the disk. A write past them keeps the memory of its batch until there is
   * room; its promise settles in its turn as ever. Default 64 MiB.
   */
  maxQueuedBytes?: number;
  /**
   * SST files kept open at once, at least 20; others are opened when they are read. Default: half of what the process may
   * open (`ulimit -n`) when the database is opened, and all where that is 262,144 or more. WALs and the like come on top.
   */
  maxOpenFiles?: number;
}

const OPEN_OPTIONS = [
  'columnFamilies',
  'createIfMissing',
  'createMissingColumnFamilies',
  'errorIfExists',
  'readOnly',
  'recover',
  'maxTotalWalSize',
  'recycleWalFiles',
  'maxQueuedBytes',
  'maxOpenFiles',
];
const MIN_WRITE_BUFFER = 64 * 1024;
const MIN_OPEN_FILES = 20;
const MAX_OPEN_FILES = 2 ** 31 - 1;
const MIB = 1024 * 1024;

/** @internal The options of an open, checked. */
export function toNativeOptions(given: DatabaseOptions | undefined): NativeOpenOptions {
  const options = checkOptions('options', given, OPEN_OPTIONS);
  const { columnFamilies = [], maxTotalWalSize = 128 * MIB, recycleWalFiles = 2, maxQueuedBytes = 64 * MIB } = options;
  const native = {
    columnFamilies: toNativeFamilies(columnFamilies),
    createIfMissing: checkBoolean('createIfMissing', options.createIfMissing, true),
    createMissingColumnFamilies: checkBoolean('createMissingColumnFamilies', options.createMissingColumnFamilies, true),
    errorIfExists: checkBoolean('errorIfExists', options.errorIfExists, false),
    readOnly: checkBoolean('readOnly', options.readOnly, false),
    keepWritersOut: false,
    tolerateDamage: false,
    recoverWhatIsThere: checkRecover(options.recover),
    maxTotalWalSize: checkInteger('maxTotalWalSize', maxTotalWalSize, 1),
    recycleWalFiles: checkInteger('recycleWalFiles', recycleWalFiles, 0, 1000),
    maxQueuedBytes: checkInteger('maxQueuedBytes', maxQueuedBytes, 1),
    maxOpenFiles: checkOptionalInteger('maxOpenFiles', options.maxOpenFiles, MIN_OPEN_FILES, MAX_OPEN_FILES),
  };
  if (native.errorIfExists && (native.readOnly || !native.createIfMissing)) {
    const other = native.readOnly ? 'readOnly' : 'createIfMissing: false';
    throw new RocksError(
      'INVALID_ARGUMENT',
      `errorIfExists asks for a new database, and ${other} for one that is there: leave one of them out`,
    );
  }
  return native;
}

function checkRecover(given: unknown): boolean {
  if (given === undefined || given === 'refuse') return false;
  if (given === 'as-much-as-is-there') return true;
  throw outOfRange('recover', "'refuse' or 'as-much-as-is-there'", given);
}

function toNativeFamilies(given: unknown): NativeColumnFamilyOptions[] {
  if (!Array.isArray(given)) throw wrongType('columnFamilies', 'an array', given);
  const families = Array.from(given, (family, i) => toNativeFamily(`columnFamilies[${i}]`, family));
  const names = new Set<string>();
  const twice = families.map(({ name }) => name).find((name) => names.size === names.add(name).size);
  if (twice !== undefined) throw outOfRange('columnFamilies', 'a list that names each column family once', twice);
  return families;
}

/** @internal The options of a column family, checked. */
export function toNativeFamily(argument: string, given: string | ColumnFamilyOptions): NativeColumnFamilyOptions {
  if (typeof given === 'string') return { name: checkName(argument, given), writeBufferSize: undefined };
  if (given === undefined) throw wrongType(argument, 'a name or an object', given);
  const { name, writeBufferSize } = checkOptions(argument, given, ['name', 'writeBufferSize']);
  return {
    name: checkName(`${argument}.name`, name),
    writeBufferSize:
      writeBufferSize === undefined
        ? undefined
        : checkInteger(`${argument}.writeBufferSize`, writeBufferSize, MIN_WRITE_BUFFER),
  };
}
