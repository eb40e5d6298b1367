// One of three replicas, each in a process of its own, whose messages go over TCP on this machine.

import { PaxosRunner, TcpTransport } from '../../lib/consensus/index.js';
import { rawCodec } from '../../lib/format/raw-codec.js';
import { AsyncRocksdbStorage, type Database } from '../../lib/index.js';
import { fillWals, LOG, logIdle, openLogDatabase } from '../shared/own-database.js';

export const CLUSTER = { configurationId: 1, nodes: [1, 2, 3] };

/** What is asked of a replica, here or in another process. */
export interface ReplicaControl {
  /** Gives the endpoint at which it listens from now on. */
  listen(): Promise<string>;
  /** Runs it, with its peers at these endpoints, by pid from 1 on. */
  start(endpoints: readonly string[]): Promise<void>;
  /** The pid of the one that it takes for the leader. */
  leader(): Promise<number | undefined>;
  /** It neither runs nor listens any more. */
  stop(): Promise<void>;
  decidedIdx(): Promise<number>;
  /** Lets go of the log before `idx`, and waits until nothing runs in the background. */
  compact(idx: number): Promise<void>;
  /** For its WALs to come round again. */
  fill(): Promise<void>;
}

export class TcpReplica implements ReplicaControl {
  readonly database: Database;
  readonly #pid: number;
  readonly #storage: AsyncRocksdbStorage<Uint8Array>;
  readonly #earlyRelease: boolean;
  #transport: TcpTransport | undefined;
  #runner: PaxosRunner<Uint8Array> | undefined;

  static async open(pid: number, path: string, earlyRelease: boolean): Promise<TcpReplica> {
    const database = await openLogDatabase(path);
    const storage = await AsyncRocksdbStorage.openIn<Uint8Array>(database, LOG, { entryCodec: rawCodec });
    return new TcpReplica(pid, database, storage, earlyRelease);
  }

  private constructor(
    pid: number,
    database: Database,
    storage: AsyncRocksdbStorage<Uint8Array>,
    earlyRelease: boolean,
  ) {
    this.#pid = pid;
    this.database = database;
    this.#storage = storage;
    this.#earlyRelease = earlyRelease;
  }

  get runner(): PaxosRunner<Uint8Array> {
    return this.#runner as PaxosRunner<Uint8Array>;
  }

  async listen(): Promise<string> {
    this.#transport = new TcpTransport({ listen: '127.0.0.1:0', log: () => {} });
    await this.#transport.listen();
    return this.#transport.endpoint;
  }

  async start(endpoints: readonly string[]): Promise<void> {
    const runner = await PaxosRunner.open<Uint8Array>({
      cluster: CLUSTER,
      server: { pid: this.#pid },
      storage: this.#storage,
      bootstrap: (await this.#storage.getPromise()) === undefined,
      entryCodec: rawCodec,
      earlyRelease: this.#earlyRelease,
    });
    this.#runner = runner;
    const all = endpoints.map((endpoint, i) => ({ pid: CLUSTER.nodes[i] as number, endpoint }));
    const link = await (this.#transport as TcpTransport).join({
      group: 'bench',
      configurationId: CLUSTER.configurationId,
      pid: this.#pid,
      replicaId: replicaIdOf(this.#pid),
      endpoint: (this.#transport as TcpTransport).endpoint,
      peers: all.filter(({ pid }) => pid !== this.#pid),
      refusal: (pid, replicaId) => (replicaId === replicaIdOf(pid) ? undefined : 'it is another'),
      connected: (pid) => runner.connected(pid),
      disconnected: () => {},
      elsewhere: () => {},
      excluded: () => {},
      receive: (from, message) => runner.handleIncoming(from, message),
    });
    runner.start(link);
  }

  async leader(): Promise<number | undefined> {
    const { leadership } = this.runner;
    return leadership.role === 'leader' ? this.#pid : leadership.role === 'follower' ? leadership.leader : undefined;
  }

  async stop(): Promise<void> {
    await this.#transport?.close();
    await this.#runner?.stop();
  }

  decidedIdx(): Promise<number> {
    return this.#storage.getDecidedIdx();
  }

  async compact(idx: number): Promise<void> {
    await this.#storage.compact(idx);
    await logIdle(this.database);
  }

  fill(): Promise<void> {
    return fillWals(this.database);
  }

  async close(): Promise<void> {
    await this.#storage.close();
    await this.database.close();
  }
}

function replicaIdOf(pid: number): string {
  return pid.toString(16).padStart(16, '0');
}
