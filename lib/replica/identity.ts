// Who a replica is, for ever: one log on one disk. It is made at the first start and kept beside the log, so that a disk that
// was lost, copied or put under another pid is noticed. With it is kept which configuration the replica is in.

import { randomBytes } from 'node:crypto';
import { type ColumnFamily, type Database, WriteBatch } from '../../binding/index.js';
import { ConsensusError, messageOf } from '../consensus/consensus-error.js';
import type { LogIndex } from '../contract/storage.js';
import { type Configuration, checkConfiguration } from './configurations.js';

/** The column family of it, of all groups in a database. */
export const IDENTITIES = 'replicas';

interface Stored {
  version: 1;
  pid: number;
  replicaId: string;
  /** How often it has started. */
  incarnation: number;
  /** The last configuration in which it has told anybody anything; 0 before the first. */
  spokeIn: number;
  /** By pid, the replica that is meant by it. */
  peers: Record<string, string>;
  /** In the order in which they came: the last is the current one, those before it have entries that no snapshot covers. */
  configurations: readonly Configuration[];
}

/** How a replica that is on no disk begins. */
export interface Beginning {
  pid: number;
  bootstrap: boolean;
  /** Asked for where `bootstrap` is true, and nothing is there that it could destroy. */
  first(): Promise<Configuration>;
  /** As a replica that waits to become a member. */
  join: boolean;
}

/** A configuration before the current one, and where its entries end: its stop-sign, which is the last, is none. */
export interface PastConfiguration {
  configuration: Configuration;
  end: LogIndex;
  next: Configuration;
}

export class Identity {
  readonly #family: ColumnFamily;
  readonly #group: string;
  #stored: Stored;

  /**
   * Begins the next incarnation, durable when this resolves.
   * @throws ConsensusError `LOST_DISK` where there is none and neither `bootstrap` nor `join` is true; `INVALID_ARGUMENT`
   *   where there is one and either is, or where it is of another pid; `STORAGE_FAILED`
   */
  static async open(database: Database, group: string, beginning: Beginning): Promise<Identity> {
    const { pid, bootstrap, join, first } = beginning;
    const family = database.columnFamily(IDENTITIES);
    const stored = await read(family, group);
    const who = `replica ${pid} of group ${group}`;
    if (stored === undefined && !bootstrap && !join) {
      const remedy =
        'if it never started, open it once with bootstrap: true, or join: true where the group runs already; if its disk was lost, replace it by another';
      throw new ConsensusError('LOST_DISK', `${who} is not in ${database.path}: ${remedy}`);
    }
    if (stored !== undefined) refuseBeginning(stored, beginning, `${who} is in ${database.path}`);
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
      spokeIn: 0,
      peers: {},
      configurations: [],
    };
    const { incarnation, ...rest } = stored ?? fresh;
    const configurations = bootstrap ? [await first()] : rest.configurations;
    const identity = new Identity(family, group, { ...rest, configurations, incarnation: incarnation + 1 });
    await identity.#write();
    return identity;
  }

  /** As it is on the disk, and no start of it; undefined where there is none. @throws ConsensusError STORAGE_FAILED */
  static async find(database: Database, group: string): Promise<{ identity: Identity; pid: number } | undefined> {
    const family = database.columnFamily(IDENTITIES);
    const stored = await read(family, group);
    return stored && { identity: new Identity(family, group, stored), pid: stored.pid };
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

  /** Undefined where it waits to become a member of one. */
  get configuration(): Configuration | undefined {
    return this.#stored.configurations.at(-1);
  }

  /** Those before it whose entries no snapshot covers, as far as is known. */
  get before(): PastConfiguration[] {
    const { configurations } = this.#stored;
    return configurations.slice(0, -1).map((configuration, i) => {
      const next = configurations[i + 1] as Configuration;
      return { configuration, end: next.begin - 1, next };
    });
  }

  /** Whether it has told anybody anything in its configuration: before, its log there can be begun once more. */
  get hasSpoken(): boolean {
    return this.#stored.spokeIn === this.configuration?.configurationId;
  }

  /** From now on others may have heard of it in its configuration. Durable when this resolves, as below. */
  async speaks(): Promise<void> {
    if (this.hasSpoken) return;
    await this.#change({ spokeIn: this.configuration?.configurationId ?? 0 });
  }

  /** It is in `next`, behind the one that it was in. */
  async moveTo(next: Configuration): Promise<void> {
    await this.#change({ configurations: [...this.#stored.configurations, next], peers: idsOf(next) });
  }

  /** It is in `configuration`, whose state it has: it needs nothing that was before. */
  async adopt(configuration: Configuration): Promise<void> {
    await this.#change({ configurations: [configuration], peers: idsOf(configuration) });
  }

  /** A snapshot covers all before the current configuration. */
  async forgetBefore(): Promise<void> {
    if (this.#stored.configurations.length > 1)
      await this.#change({ configurations: this.#stored.configurations.slice(-1) });
  }

  /** Which replica is meant by `pid`; undefined where none has been met. */
  replicaIdOf(pid: number): string | undefined {
    return pid === this.#stored.pid ? this.replicaId : this.#stored.peers[pid];
  }

  /** Why `pid`, which is no member yet, may not be `replicaId`. */
  refusalOfNew(pid: number, replicaId: string): string | undefined {
    const known = Object.entries({ ...this.#stored.peers, [this.#stored.pid]: this.replicaId });
    const copied = known.find(([other, id]) => Number(other) !== pid && id === replicaId);
    return copied && `replica ${pid} has the id of replica ${copied[0]}: its disk is a copy`;
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
    const refusal = this.refusalOfNew(pid, replicaId);
    if (refusal !== undefined) return refusal;
    // Not waited for: who forgets it meets the same peer again.
    this.#change({ peers: { ...this.#stored.peers, [pid]: replicaId } }).catch(() => {});
    return undefined;
  }

  #change(changes: Partial<Stored>): Promise<void> {
    this.#stored = { ...this.#stored, ...changes };
    return this.#write();
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

function refuseBeginning(stored: Stored, { bootstrap, join }: Beginning, whereItIs: string): void {
  const isMember = stored.configurations.length > 0;
  const refused = bootstrap && (stored.spokeIn > 0 || !isMember) ? 'bootstrap' : join && isMember ? 'join' : undefined;
  if (refused === undefined) return;
  const message = `${refused} must not be true: ${whereItIs}; it is for the first start alone`;
  throw new ConsensusError('INVALID_ARGUMENT', message);
}

function idsOf({ members }: Configuration): Record<string, string> {
  return Object.fromEntries(
    members.flatMap(({ pid, replicaId }) => (replicaId === undefined ? [] : [[pid, replicaId]])),
  );
}

async function read(family: ColumnFamily, group: string): Promise<Stored | undefined> {
  try {
    const bytes = await family.database.get(family, Buffer.from(group));
    if (bytes === undefined) return undefined;
    const stored = JSON.parse(bytes.toString()) as Stored;
    const isKnown = stored.version === 1 && /^[0-9a-f]{16}$/.test(stored.replicaId);
    if (!isKnown || !Number.isSafeInteger(stored.incarnation) || !Number.isSafeInteger(stored.spokeIn))
      throw new TypeError('it is none that this version has written');
    return { ...stored, configurations: stored.configurations.map(checkConfiguration) };
  } catch (error) {
    throw unreadable(group, error);
  }
}

function unreadable(group: string, cause: unknown): ConsensusError {
  const message = `the identity of the replica of group ${group} cannot be read: ${messageOf(cause)}`;
  return new ConsensusError('STORAGE_FAILED', message, { cause });
}
