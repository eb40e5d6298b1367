// Replicas of OmniPaxos over a network in memory, on each kind of storage that blocks. Time passes, and messages arrive,
// only when a test says so.

import { join } from 'node:path';
import type { Database } from '../../binding/index.js';
import { OmniPaxos, type ServerConfig } from '../../lib/consensus/index.js';
import type { ClusterConfig } from '../../lib/contract/storage.js';
import { MemStorage, RocksdbStorage, type Storage } from '../../lib/index.js';
import { MemNetwork } from '../../lib/testing/index.js';
import { openAt } from './temporary-database.js';
import { temporaryFolder } from './temporary-folder.js';

/** A place for the storage of one replica, which can be opened time and again. */
export interface Disk {
  open(): Promise<Storage<string>>;
}

export const DISKS: readonly { name: string; disk: () => Disk }[] = [
  {
    name: 'MemStorage',
    disk: () => {
      const storage = new MemStorage<string>();
      return { open: async () => storage };
    },
  },
  {
    name: 'RocksdbStorage',
    disk: () => {
      const path = join(temporaryFolder(), 'db');
      let database: Database | undefined;
      return {
        open: async () => {
          await database?.close();
          database = await openAt(path, { columnFamilies: ['log'] });
          return RocksdbStorage.openIn<string>(database, 'log');
        },
      };
    },
  },
];

/** As frames name themselves: engine/src/wire.rs. */
export const KIND = {
  heartbeatRequest: 1,
  heartbeatReply: 2,
  prepareReq: 3,
  prepare: 4,
  promise: 5,
  acceptSync: 6,
  acceptDecide: 7,
  accepted: 8,
  notAccepted: 9,
  decide: 10,
  proposalForward: 11,
  acceptStopsign: 12,
  forwardStopsign: 13,
} as const;
export type Kind = keyof typeof KIND;

export interface Message {
  from: number;
  to: number;
  kind: Kind;
  bytes: Uint8Array;
}

export function kindOf(bytes: Uint8Array): Kind {
  const [kind] = Object.entries(KIND).find(([, code]) => code === bytes[1]) ?? [];
  if (kind === undefined) throw new Error(`no message has the kind ${bytes[1]}`);
  return kind as Kind;
}

export interface Replica {
  pid: number;
  disk: Disk;
  storage: Storage<string>;
  omni: OmniPaxos<string>;
}

export class Replicas {
  readonly network = new MemNetwork();
  readonly cluster: ClusterConfig;
  readonly #server: Partial<ServerConfig>;
  readonly #replicas = new Map<number, Replica>();
  readonly #sinks = new Map<number, (to: number, bytes: Uint8Array) => void>();
  /** Messages that are lost before they are sent. */
  lost: (message: Message) => boolean = () => false;
  /** All that has been sent, lost or not, since it was emptied. */
  sent: Message[] = [];

  private constructor(cluster: ClusterConfig, server: Partial<ServerConfig>) {
    this.cluster = cluster;
    this.#server = server;
  }

  static async of(
    disk: () => Disk,
    count = 3,
    {
      cluster = {},
      server = {},
      wrap = (storage: Storage<string>) => storage,
    }: {
      cluster?: Partial<ClusterConfig>;
      server?: Partial<ServerConfig>;
      wrap?: (storage: Storage<string>, pid: number) => Storage<string>;
    } = {},
  ): Promise<Replicas> {
    const nodes = Array.from({ length: count }, (_, i) => i + 1);
    const replicas = new Replicas({ configurationId: 1, nodes, ...cluster }, server);
    for (const pid of nodes) {
      const own = disk();
      replicas.#start(pid, own, wrap(await own.open(), pid));
    }
    return replicas;
  }

  #start(pid: number, disk: Disk, storage: Storage<string>): void {
    const omni = OmniPaxos.build<string>(this.cluster, { resendMessageTickTimeout: 20, ...this.#server, pid }, storage);
    this.#replicas.set(pid, { pid, disk, storage, omni });
    const sink = this.network.register(pid, (_, bytes) => {
      omni.handleIncoming(bytes);
      this.#send(pid);
    });
    this.#sinks.set(pid, (to, bytes) => void sink.send(to, bytes));
    this.#send(pid);
  }

  #send(pid: number): void {
    for (const { to, bytes } of this.omni(pid).outgoingMessages()) {
      const message = { from: pid, to, kind: kindOf(bytes), bytes };
      this.sent.push(message);
      if (!this.lost(message)) this.#sinks.get(pid)?.(to, bytes);
    }
  }

  get pids(): number[] {
    return [...this.#replicas.keys()];
  }

  replica(pid: number): Replica {
    const replica = this.#replicas.get(pid);
    if (replica === undefined) throw new Error(`replica ${pid} does not run`);
    return replica;
  }

  omni(pid: number): OmniPaxos<string> {
    return this.replica(pid).omni;
  }

  /** Does something at `pid`; what it sends is under way. */
  at(pid: number, action: (omni: OmniPaxos<string>) => void): this {
    action(this.omni(pid));
    this.#send(pid);
    return this;
  }

  /** Delivers until nothing is under way. */
  settle(): this {
    this.network.deliver();
    return this;
  }

  /** Lets time pass everywhere, messages arriving between the ticks. */
  tick(ticks = 1): this {
    for (; ticks > 0; ticks--) {
      for (const pid of this.pids) this.at(pid, (omni) => omni.tick());
      this.settle();
    }
    return this;
  }

  /** Lets time pass until one leads whom all of `among` follow. */
  elect(among = this.pids): number {
    for (let ticks = 0; ticks < 500; ticks++) {
      this.tick();
      const leaders = new Set(among.map((pid) => this.omni(pid).currentLeader?.pid));
      const [leader] = leaders;
      if (leaders.size !== 1 || leader === undefined || !among.includes(leader)) continue;
      if (among.every((pid) => this.omni(pid).currentLeader?.inAcceptPhase)) return leader;
    }
    throw new Error('no leader was elected');
  }

  /** Another than all of `pids`. */
  other(...pids: number[]): number {
    const other = this.pids.find((pid) => !pids.includes(pid));
    if (other === undefined) throw new Error('there is no other');
    return other;
  }

  propose(at: number, ...entries: string[]): this {
    for (const entry of entries) this.at(at, (omni) => omni.append(entry));
    return this;
  }

  /** The process of `pid` ends. What is under way to and from it is lost. */
  stop(pid: number): Disk {
    const { disk } = this.replica(pid);
    this.#replicas.delete(pid);
    this.network.unregister(pid);
    return disk;
  }

  /** Starts `pid` on what `disk` holds, connected to all others. */
  async start(pid: number, disk: Disk): Promise<void> {
    this.#start(pid, disk, await disk.open());
    for (const peer of this.pids) if (peer !== pid) this.connect(pid, peer);
  }

  async restart(pid: number): Promise<void> {
    await this.start(pid, this.stop(pid));
  }

  /** A new connection. */
  connect(one: number, other: number): this {
    return this.at(one, (omni) => omni.reconnected(other)).at(other, (omni) => omni.reconnected(one));
  }

  /** The connections of `pid` break until {@link rejoin}. */
  isolate(pid: number): this {
    this.network.partition.isolate(pid);
    return this;
  }

  rejoin(pid: number): this {
    this.network.partition.restore(pid);
    for (const peer of this.pids) if (peer !== pid) this.connect(pid, peer);
    return this;
  }

  /** The decided entries at `pid`, from its floor on. */
  decided(pid: number): string[] {
    const log = this.omni(pid).readDecidedSuffix(this.omni(pid).compactedIdx) ?? [];
    return log.flatMap((item) => (item.type === 'decided' ? [item.entry] : []));
  }
}
