// Who a replica is, for ever: one log on one disk. It is made at the first start and kept beside the log, so that a disk that
// was lost, copied or put under another pid is noticed.

import { randomBytes } from 'node:crypto';
import { type ColumnFamily, type Database, WriteBatch } from '../../binding/index.js';
import { ConsensusError, messageOf } from '../consensus/consensus-error.js';

/** The column family of it, of all groups in a database. */
export const IDENTITIES = 'replicas';

interface Stored {
  version: 1;
  pid: number;
  replicaId: string;
  /** How often it has started. */
  incarnation: number;
  /** Whether it has ever told anybody anything: before, it can be made once more. */
  hasSpoken: boolean;
  /** By pid, the replica that is meant by it. */
  peers: Record<string, string>;
}

export class Identity {
  readonly #family: ColumnFamily;
  readonly #group: string;
  #stored: Stored;

  /**
   * Begins the next incarnation, durable when this resolves.
   * @throws ConsensusError `LOST_DISK` where there is none and `bootstrap` is not true; `INVALID_ARGUMENT` where there is one
   *   and it is, or where it is of another pid; `STORAGE_FAILED`
   */
  static async open(database: Database, group: string, pid: number, bootstrap: boolean): Promise<Identity> {
    const family = database.columnFamily(IDENTITIES);
    const stored = await read(family, group);
    if (stored === undefined && !bootstrap) {
      const remedy =
        'if it never started, open it once with bootstrap: true; if its disk was lost, replace it by another';
      throw new ConsensusError('LOST_DISK', `replica ${pid} of group ${group} is not in ${database.path}: ${remedy}`);
    }
    if (stored?.hasSpoken && bootstrap) {
      throw new ConsensusError(
        'INVALID_ARGUMENT',
        `bootstrap must not be true: replica ${pid} of group ${group} is in ${database.path}; it is for the first start alone`,
      );
    }
    if (stored !== undefined && stored.pid !== pid) {
      throw new ConsensusError(
        'INVALID_ARGUMENT',
        `pid must be ${stored.pid}, not ${pid}: the replica of group ${group} in ${database.path} is that one, and a copy of it cannot be another`,
      );
    }
    const fresh: Stored = {
      version: 1,
      pid,
      replicaId: randomBytes(8).toString('hex'),
      incarnation: 0,
      hasSpoken: false,
      peers: {},
    };
    const { incarnation, ...rest } = stored ?? fresh;
    const identity = new Identity(family, group, { ...rest, incarnation: incarnation + 1 });
    await identity.#write();
    return identity;
  }

  private constructor(family: ColumnFamily, group: string, stored: Stored) {
    this.#family = family;
    this.#group = group;
    this.#stored = stored;
  }

  get replicaId(): string {
    return this.#stored.replicaId;
  }

  get incarnation(): number {
    return this.#stored.incarnation;
  }

  get hasSpoken(): boolean {
    return this.#stored.hasSpoken;
  }

  /** From now on others may have heard of it. Durable when this resolves. */
  async speaks(): Promise<void> {
    if (this.#stored.hasSpoken) return;
    this.#stored = { ...this.#stored, hasSpoken: true };
    await this.#write();
  }

  /**
   * Why `pid` may not be `replicaId`. Who is met first under a pid is meant by it from then on.
   */
  refusal(pid: number, replicaId: string): string | undefined {
    const known = this.#stored.peers[pid];
    if (known === replicaId) return undefined;
    if (known !== undefined) {
      return `replica ${pid} was ${known}, and is ${replicaId} now: a replica that lost its disk, or has another's, must be replaced by one of another pid`;
    }
    if (replicaId === this.replicaId)
      return `replica ${pid} has the id of replica ${this.#stored.pid}: its disk is a copy`;
    this.#stored = { ...this.#stored, peers: { ...this.#stored.peers, [pid]: replicaId } };
    // Not waited for: who forgets it meets the same peer again.
    this.#write().catch(() => {});
    return undefined;
  }

  async #write(): Promise<void> {
    try {
      const batch = new WriteBatch().put(
        this.#family,
        Buffer.from(this.#group),
        Buffer.from(JSON.stringify(this.#stored)),
      );
      await this.#family.database.write(batch, { sync: true });
    } catch (error) {
      throw new ConsensusError('STORAGE_FAILED', `the identity of the replica cannot be written: ${messageOf(error)}`, {
        cause: error,
      });
    }
  }
}

async function read(family: ColumnFamily, group: string): Promise<Stored | undefined> {
  try {
    const bytes = await family.database.get(family, Buffer.from(group));
    if (bytes === undefined) return undefined;
    const stored = JSON.parse(bytes.toString()) as Stored;
    const isKnown = stored.version === 1 && /^[0-9a-f]{16}$/.test(stored.replicaId);
    if (!isKnown || !Number.isSafeInteger(stored.incarnation))
      throw new TypeError('it is none that this version has written');
    return stored;
  } catch (error) {
    throw unreadable(group, error);
  }
}

function unreadable(group: string, cause: unknown): ConsensusError {
  const message = `the identity of the replica of group ${group} cannot be read: ${messageOf(cause)}`;
  return new ConsensusError('STORAGE_FAILED', message, { cause });
}
