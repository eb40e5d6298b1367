// What is lost of a damaged database, and how it is known. See native/core/inspection.h.

import { resolve } from 'node:path';
import { checkName } from './arguments.js';
import { loadAddon } from './load-addon.js';
import type { NativeInspection, NativeRecovered } from './native-addon.js';
import { RocksError, type RocksErrorCode } from './rocks-error.js';

/**
 * What is wrong with a file of a database:
 * - `wal-damaged`: a record of a WAL is not whole, and more was written behind it;
 * - `wal-cut`: a WAL ends before what had been made durable;
 * - `wal-missing`: a WAL that is still needed is not there;
 * - `manifest-damaged`, `manifest-cut`: the same for the MANIFEST;
 * - `manifest-replaced`: CURRENT names an older MANIFEST than the one in use;
 * - `current-damaged`: CURRENT names no MANIFEST, or one that is not there;
 * - `family-missing`: a WAL writes to a column family that the MANIFEST does not know;
 * - `watermark-damaged`: the file that says what had been made durable cannot be read.
 */
export type DamageKind =
  | 'current-damaged'
  | 'family-missing'
  | 'manifest-cut'
  | 'manifest-damaged'
  | 'manifest-replaced'
  | 'wal-cut'
  | 'wal-damaged'
  | 'wal-missing'
  | 'watermark-damaged';

/** One damage of a database. */
export interface Damage {
  /** What is wrong. */
  kind: DamageKind;
  /** The name of the file, in the database's folder. */
  file: string;
  /** The byte of the file at which it is. */
  offset: number;
  /** What is wrong there, and what is lost by it. */
  message: string;
}

/** What a damaged database was opened without: see `recover` in {@link DatabaseOptions}. */
export interface Recovered {
  /** What was found. */
  damage: readonly Damage[];
  /**
   * Sequence numbers, both inclusive, that had been made durable and are lost: RocksDB numbers every put and every delete
   * of a database. Nothing where no number tells what is lost.
   */
  lost: { first: number; last: number } | undefined;
  /** Column families with records behind the damage, which are lost as well. There may be others. */
  columnFamilies: readonly string[];
  /** The folder with the database's files as they were before. Nothing where it is open read-only: nothing was changed. */
  evidence: string | undefined;
}

/** @internal What is found in the WALs and the MANIFEST of a database that nobody writes to. */
export interface Inspection extends Omit<Recovered, 'evidence'> {
  /**
   * The MANIFEST that is gone by where CURRENT does not lead to the one that was in use, and whether it is known to be that
   * one.
   */
  takenManifest: { name: string; isKnown: boolean } | undefined;
  /** The file that says what is durable is there: it has been so since the database was first opened by this version. */
  hasWatermark: boolean;
  /** The WALs that are still needed. */
  walFiles: number;
  walRecords: number;
  walBytes: number;
  manifestRecords: number;
}

/** @internal @returns rejects with a RocksError: `IO_ERROR` where a file cannot be read */
export async function inspectFiles(path: string): Promise<Inspection> {
  const native = await loadAddon().inspect(resolve(checkName('path', path)));
  if (Array.isArray(native)) throw new RocksError(native[0] as RocksErrorCode, native[1]);
  const { takenManifest: name, isTakenKnown: isKnown = false } = native;
  const { hasWatermark, walFiles, walRecords, walBytes, manifestRecords } = native;
  return {
    ...whatIsLost(native),
    takenManifest: name === undefined ? undefined : { name, isKnown },
    hasWatermark,
    walFiles,
    walRecords,
    walBytes,
    manifestRecords,
  };
}

/** @internal */
export function toRecovered(native: NativeRecovered | undefined): Recovered | undefined {
  return native && { ...whatIsLost(native), evidence: native.evidence };
}

function whatIsLost({ findings, columnFamilies, recoverable, durable }: NativeInspection) {
  return {
    damage: findings as Damage[],
    lost: durable > recoverable ? { first: recoverable + 1, last: durable } : undefined,
    columnFamilies,
  };
}
