// A backup of a group: the snapshot of one of its replicas, from which another group can begin.
//
// | bytes | what                                                                       |
// |-------|----------------------------------------------------------------------------|
// | 8     | "omnipaxB"                                                                 |
// | 4     | version, u32                                                               |
// | 4     | salt, u32: two backups have the same by chance alone                       |
// | any   | the snapshot                                                               |
// | 4     | CRC-32C of all before, u32                                                 |
//
// Numbers are little-endian.

import { randomInt } from 'node:crypto';
import { Readable } from 'node:stream';
import { crc32c } from '../../binding/crc32c.js';
import { ConsensusError, messageOf } from '../consensus/consensus-error.js';
import type { Peer } from '../consensus/runner-options.js';
import type { LogIndex } from '../contract/storage.js';
import type { SnapshotStore } from '../snapshots/index.js';
import { type Configuration, firstConfiguration } from './configurations.js';
import { decodeState, encodeState } from './state.js';

/** A stream of bytes, with the index that they stand for. */
export type Backup = Readable & {
  /** All entries below it are in the backup. */
  readonly index: LogIndex;
};

const MAGIC = Buffer.from('omnipaxB', 'latin1');
const VERSION = 1;
const HEAD_BYTES = MAGIC.length + 8;
const TRAILER_BYTES = 4;
/** The first configurations of groups that begin with different backups differ by it. */
const SALTS = 2 ** 20;

/** The snapshot `name`, which is there, as a backup. */
export async function backupOf(store: SnapshotStore, name: string): Promise<Backup> {
  const stream = await store.open(name);
  const { index } = stream.snapshot;
  return Object.assign(Readable.from(encoded(stream), { objectMode: false }), { index });
}

async function* encoded(snapshot: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, undefined> {
  const head = Buffer.alloc(HEAD_BYTES);
  MAGIC.copy(head);
  head.writeUInt32LE(randomInt(SALTS), head.writeUInt32LE(VERSION, MAGIC.length));
  yield head;
  let checksum = crc32c(head);
  for await (const piece of snapshot) {
    checksum = crc32c(piece, checksum);
    yield piece;
  }
  const trailer = Buffer.alloc(TRAILER_BYTES);
  trailer.writeUInt32LE(checksum);
  yield trailer;
}

/**
 * Stores what is in `backup` as the snapshot `name`, with which a group of `peers` begins. Gives its first configuration. Its
 * id is above all that the group of the backup had, and is another for each backup: who begins with another, or with
 * none, is in another configuration.
 * @throws ConsensusError INVALID_ARGUMENT where it is no backup, or not whole: nothing is stored then; StorageError
 */
export async function restoreBackup(
  store: SnapshotStore,
  name: string,
  backup: AsyncIterable<Uint8Array>,
  peers: readonly Peer[],
): Promise<Configuration> {
  const reading = new BackupReader(backup);
  const bytes = reading.snapshot();
  try {
    const { state, ...head } = await decodeState(bytes);
    const { index } = head;
    const configurationId = head.configuration.configurationId + 1 + reading.salt;
    const configuration = { ...firstConfiguration(configurationId, peers), begin: index };
    await store.put(name, index, encodeState({ ...head, configuration }, state));
    return configuration;
  } catch (error) {
    if (!(error instanceof TypeError || error instanceof RangeError || error instanceof SyntaxError)) throw error;
    throw new ConsensusError('INVALID_ARGUMENT', `backup must be a whole backup of a replica: ${messageOf(error)}`, {
      cause: error,
    });
  } finally {
    await bytes.return();
  }
}

class BackupReader {
  readonly #backup: AsyncIterable<Uint8Array>;
  /** Once the first bytes of the snapshot have been read. */
  salt = 0;

  constructor(backup: AsyncIterable<Uint8Array>) {
    this.#backup = backup;
  }

  /** Throws RangeError at the end, where what came was not whole. */
  async *snapshot(): AsyncGenerator<Buffer, void, undefined> {
    let checksum = 0;
    let isHeadRead = false;
    let held = Buffer.alloc(0);
    for await (const piece of this.#backup) {
      held = Buffer.concat([held, piece]);
      if (!isHeadRead && held.length < HEAD_BYTES + TRAILER_BYTES) continue;
      const given = held.subarray(0, held.length - TRAILER_BYTES);
      held = held.subarray(given.length);
      checksum = crc32c(given, checksum);
      if (!isHeadRead) this.#readHead(given);
      yield isHeadRead ? given : given.subarray(HEAD_BYTES);
      isHeadRead = true;
    }
    if (!isHeadRead) throw new RangeError('it is too short');
    if (held.readUInt32LE() !== checksum) throw new RangeError('its checksum does not match: it is cut or damaged');
  }

  #readHead(bytes: Buffer): void {
    if (!bytes.subarray(0, MAGIC.length).equals(MAGIC)) throw new RangeError('it does not begin as one');
    const version = bytes.readUInt32LE(MAGIC.length);
    if (version !== VERSION) throw new RangeError(`version ${version}, where ${VERSION} is known`);
    this.salt = bytes.readUInt32LE(MAGIC.length + 4) % SALTS;
  }
}
