// The addon as native/napi/ exposes it. Asynchronous methods take a request number first and answer through the `settle`
// function of their database, in one call for all results that are ready.

export interface NativeAddon {
  readonly Database: new (settle: Settle, makeError: MakeError) => NativeDatabase;
  /** CRC-32C of `bytes` behind those that have given `initial`. */
  readonly crc32c: (bytes: Uint8Array, initial: number) => number;
  /** What damage there is in the WALs and the MANIFEST of a database; or the code and the message of a failure. */
  readonly inspect: (folder: string) => Promise<NativeInspection | [code: string, message: string]>;
  readonly rocksdbVersion: string;
}

/** See native/core/inspection.h. */
export interface NativeInspection {
  findings: { kind: string; file: string; offset: number; message: string }[];
  takenManifest?: string;
  isTakenKnown?: boolean;
  columnFamilies: string[];
  recoverable: number;
  durable: number;
  hasWatermark: boolean;
  walFiles: number;
  walRecords: number;
  walBytes: number;
  manifestRecords: number;
}

export interface NativeRecovered extends NativeInspection {
  evidence?: string;
}

/**
 * Flat: request, error or undefined, value, request, … Writes have no number: they settle in the order of their calls, under
 * the request 0, with the number of writes as the value. Every page of a `read` but its last comes under the negative of its number.
 */
export type Settle = (results: readonly unknown[]) => void;
export type MakeError = (code: string, message: string) => Error;

export interface NativeColumnFamilyOptions {
  name: string;
  writeBufferSize: number | undefined;
}

export interface NativeOpenOptions {
  columnFamilies: NativeColumnFamilyOptions[];
  createIfMissing: boolean;
  createMissingColumnFamilies: boolean;
  errorIfExists: boolean;
  readOnly: boolean;
  /** With `readOnly`: refuses, as a writer would, where one is, and keeps others out. It makes no file. */
  keepWritersOut: boolean;
  /** With `readOnly`: opens without SST files that are missing or damaged. What was in them cannot be read. */
  tolerateDamage: boolean;
  recoverWhatIsThere: boolean;
  maxTotalWalSize: number;
  recycleWalFiles: number;
  maxQueuedBytes: number;
  maxOpenFiles: number | undefined;
}

/** Column family, inclusive lower bound, exclusive upper bound, reverse, limit, max bytes. */
export type NativeScanArguments = [
  family: number,
  lower: Uint8Array | undefined,
  upper: Uint8Array | undefined,
  reverse: boolean,
  limit: number | undefined,
  maxBytes: number | undefined,
];

export interface NativeDatabase {
  open(request: number, path: string, options: NativeOpenOptions): void;
  openSync(path: string, options: NativeOpenOptions): void;
  close(request: number): void;
  closeSync(): void;
  get(request: number, family: number, key: Uint8Array): void;
  getSync(family: number, key: Uint8Array): Buffer | undefined;
  /** False, and nothing taken, where the queue is full and `force` is not given. See native/core/write_queue.h. */
  write(
    packedBatch: Uint8Array,
    length: number,
    sync: boolean,
    writer: number,
    behindReads: boolean,
    force: boolean,
  ): boolean;
  /** Throws what `write` would throw for a batch that it has no room for now. */
  checkWrite(packedBatch: Uint8Array, length: number): void;
  /** Packed rows, page by page, as the writes taken so far leave them. A page that falls short of `pageBytes` is the last. */
  read(
    request: number,
    family: number,
    lower: Uint8Array,
    upper: Uint8Array,
    pageBytes: number,
    limit: number | undefined,
  ): void;
  /** {@link read} for the values of keys that count up from `first` on: native/core/counted_run.h has the layout of a page. */
  readRun(
    request: number,
    family: number,
    first: Uint8Array,
    upper: Uint8Array,
    head: Uint8Array,
    pageBytes: number,
  ): void;
  /**
   * Writes one page of such a run into `memory`. Gives its length; a number above that of `memory` is what the first value
   * needs, and there is no page then.
   */
  readRunSync(
    family: number,
    first: Uint8Array,
    upper: Uint8Array,
    head: Uint8Array,
    pageBytes: number,
    memory: Uint8Array,
  ): number;
  /** No more pages of it are wanted; the next is its last. */
  abandonRead(request: number): void;
  /** The writes and reads taken so far may start. */
  kickWrites(): void;
  writeSync(packedBatch: Uint8Array, length: number, sync: boolean): void;
  scan(request: number, ...range: NativeScanArguments): void;
  scanSync(...range: NativeScanArguments): Buffer;
  iterate(...range: NativeScanArguments): NativeIterator;
  flush(request: number): void;
  compactRange(request: number, family: number, lower: Uint8Array | undefined, upper: Uint8Array | undefined): void;
  reclaimSpace(request: number, family: number, lower: Uint8Array | undefined, upper: Uint8Array | undefined): void;
  limitWriteBuffer(request: number, family: number, bytes: number): void;
  /** 0: no limit. */
  limitBackgroundWrites(bytesPerSecond: number): void;
  checkpoint(request: number, path: string): void;
  property(name: string, family: number | undefined): string | undefined;
  bytesInFiles(family: number, lower: Uint8Array, upper: Uint8Array): number;
  /** Flat: name, column family, bytes, name, … */
  sstFiles(): (string | number)[];
  verifySstFile(request: number, name: string): void;
  /** See native/core/salvage.h, which has the rows as a table. */
  salvage(request: number, family: number, from: Uint8Array): void;
  memtablesToFlush(): number;
  createColumnFamily(request: number, options: NativeColumnFamilyOptions): void;
  dropColumnFamily(request: number, name: string): void;
  /** Flat: name, id, name, … */
  columnFamilies(): (string | number)[];
  /** What a damaged database was opened without. */
  recovered(): NativeRecovered | undefined;
}

export interface NativeIterator {
  /** Settles with packed rows; with none, the range is exhausted. */
  next(request: number): void;
  close(): void;
}
