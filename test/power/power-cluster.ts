// Three replicas, each a PaxosRunner on a database of its own, driven tick by tick in one process.

import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { PaxosRunner } from '../../lib/consensus/index.js';
import { AsyncRocksdbStorage, Database, rawCodec } from '../../lib/index.js';
import { MemNetwork } from '../../lib/testing/index.js';

type Bytes = AsyncRocksdbStorage<Uint8Array>;

interface Member {
  db: Database;
  storage: Bytes;
  runner: PaxosRunner<Uint8Array>;
  send(to: number, message: Uint8Array): unknown;
}

const LOG = 'log';
const CLUSTER = { configurationId: 1, nodes: [1, 2, 3] };
export const PIDS: readonly number[] = CLUSTER.nodes;

/** The database of a replica, opened, and the storage of its log. */
export async function openReplica(root: string, pid: number): Promise<{ db: Database; storage: Bytes }> {
  const db = await Database.open(join(root, `replica-${pid}`, 'data'), {
    columnFamilies: [{ name: LOG, writeBufferSize: 64 * 1024 }],
    maxTotalWalSize: 96 * 1024,
  });
  return { db, storage: await AsyncRocksdbStorage.openIn<Uint8Array>(db, LOG, { entryCodec: rawCodec }) };
}

export class PowerCluster {
  readonly network = new MemNetwork();
  readonly #root: string;
  readonly #members = new Map<number, Member>();

  constructor(root: string) {
    this.#root = root;
  }

  at(pid: number): Member {
    return this.#members.get(pid) as Member;
  }

  /** @param bootstrap - whether it may be the first start */
  async open(pid: number, bootstrap: boolean): Promise<void> {
    const { db, storage } = await openReplica(this.#root, pid);
    try {
      const server = { pid, resendMessageTickTimeout: 20 };
      const runner = await PaxosRunner.open({ cluster: CLUSTER, server, storage, bootstrap, entryCodec: rawCodec });
      const sink = this.network.register(pid, (from, message) => runner.handleIncoming(from, message));
      this.#members.set(pid, { db, storage, runner, send: (to, message) => sink.send(to, message) });
    } catch (error) {
      await db.close();
      throw error;
    }
  }

  async close(pid: number): Promise<void> {
    const member = this.#members.get(pid);
    if (member === undefined) return;
    this.#members.delete(pid);
    this.network.unregister(pid);
    await member.runner.stop();
    await member.db.close();
  }

  async restart(pid: number): Promise<void> {
    await this.close(pid);
    await this.open(pid, false);
    this.reconnect();
  }

  /** Tells every replica of new connections to all others. */
  reconnect(): void {
    for (const pid of PIDS) for (const peer of PIDS) if (peer !== pid) this.at(pid).runner.connected(peer);
  }

  /** One tick of all of them, at the same time, and their messages. */
  async tick(): Promise<void> {
    await Promise.all(
      PIDS.map(async (pid) => {
        const { runner, send } = this.at(pid);
        for (const { to, bytes } of await runner.tickOnce()) send(to, bytes);
      }),
    );
    this.network.deliver();
    await turn();
  }

  /** What `pid` has decided in `[from, its decided index)`. */
  async decided(pid: number, from: number): Promise<Buffer[]> {
    const { runner, storage } = this.at(pid);
    const { decidedIdx } = runner;
    return (await storage.getEntries(from, decidedIdx)).map((bytes) => Buffer.from(bytes));
  }

  async stop(): Promise<void> {
    await Promise.all(PIDS.map((pid) => this.close(pid)));
  }
}
