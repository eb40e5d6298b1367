// Transports on ports of their own, memberships that write down what they are told, and peers made of bytes.

import { createServer, connect as dial, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach } from '@jest/globals';
import {
  type Membership,
  type Peer,
  TcpTransport,
  type TcpTransportOptions,
  type TransportLink,
} from '../../lib/consensus/index.js';
import { type Frame, FrameReader } from '../../lib/transport/frame-reader.js';
import { helloFrame, type Join, joinFrame, newLine, preface } from '../../lib/transport/frames.js';
import { until } from './until.js';

const opened: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  await Promise.all(opened.splice(0).map((close) => close()));
});

/** Closes with the test. */
export function closing(close: () => Promise<unknown>): void {
  opened.push(close);
}

/** A machine that is busy with other things must not look dead. */
export const PATIENT = 20_000;

export interface Opened {
  transport: TcpTransport;
  endpoint: string;
  port: number;
  logged: string[];
}

/** It listens. */
export async function openTransport(options: Partial<TcpTransportOptions> = {}): Promise<Opened> {
  const logged: string[] = [];
  const log = (message: string) => void logged.push(message);
  const transport = new TcpTransport({ listen: '127.0.0.1:0', electionTimeoutMs: PATIENT, log, ...options });
  closing(() => transport.close());
  await transport.listen();
  const { endpoint } = transport;
  return { transport, endpoint, port: Number(endpoint.split(':').at(-1)), logged };
}

export const replicaIdOf = (pid: number) => pid.toString(16).padStart(16, '0');

/** One replica as a transport sees it. */
export class Party implements Membership {
  group = 'g';
  configurationId = 1;
  replicaId: string;
  endpoint = '127.0.0.1:1';
  /** In the order in which they came: `+2` and `-2` for connections, `2: text` for messages. */
  readonly told: string[] = [];
  onReceive: ((from: number, message: Uint8Array) => void) | undefined;
  link: TransportLink | undefined;

  constructor(
    readonly pid: number,
    readonly peers: { pid: number; endpoint: string }[],
    changes: Partial<Membership> = {},
  ) {
    this.replicaId = replicaIdOf(pid);
    Object.assign(this, changes);
  }

  refusal(pid: number, replicaId: string): string | undefined {
    return replicaId === replicaIdOf(pid) ? undefined : `${replicaId} is not the replica id of ${pid}`;
  }

  connected(pid: number): void {
    this.told.push(`+${pid}`);
  }

  disconnected(pid: number): void {
    this.told.push(`-${pid}`);
  }

  elsewhere({ pid, endpoint }: Peer, configurationId: number): void {
    this.told.push(`${pid} at ${endpoint} in ${configurationId}`);
  }

  excluded(pid: number): void {
    this.told.push(`${pid} excludes`);
  }

  receive(from: number, message: Uint8Array): void {
    this.told.push(`${from}: ${Buffer.from(message)}`);
    this.onReceive?.(from, message);
  }

  async join(transport: TcpTransport): Promise<this> {
    this.link = await transport.join(this);
    return this;
  }

  send(to: number, text: string): void | Promise<void> {
    return this.link?.send(to, Buffer.from(text));
  }

  isConnected(pid: number): boolean {
    return this.link?.isConnected(pid) === true;
  }

  /** Messages alone. */
  get messages(): string[] {
    return this.told.filter((each) => /^\d+: /.test(each));
  }

  count(what: string): number {
    return this.told.filter((each) => each === what).length;
  }
}

/** Two replicas, connected in both directions. */
export async function twoConnected(
  options: Partial<TcpTransportOptions> = {},
): Promise<{ one: Party; two: Party; at: [Opened, Opened] }> {
  const at: [Opened, Opened] = [await openTransport(options), await openTransport(options)];
  const one = await new Party(1, [{ pid: 2, endpoint: at[1].endpoint }]).join(at[0].transport);
  const two = await new Party(2, [{ pid: 1, endpoint: at[0].endpoint }]).join(at[1].transport);
  await until(() => one.isConnected(2) && two.isConnected(1));
  return { one, two, at };
}

export const JOIN: Join = {
  channel: 1,
  configurationId: 1,
  from: 2,
  to: 1,
  replicaId: replicaIdOf(2),
  group: 'g',
  endpoint: '127.0.0.1:1',
};

/** A peer whose every byte the test chooses. */
export class RawPeer {
  readonly frames: Frame[] = [];
  readonly socket: Socket;
  isClosed = false;

  constructor(socket: Socket) {
    this.socket = socket;
    const reader = new FrameReader();
    reader.maxMessageBytes = 2 ** 31;
    socket.on('data', (chunk: Buffer) => {
      for (const { type, payload } of reader.read(chunk))
        this.frames.push({ type, payload: Buffer.from(payload), isOwn: true });
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      this.isClosed = true;
    });
    closing(async () => socket.destroy());
  }

  static to(port: number): RawPeer {
    return new RawPeer(dial({ port, host: '127.0.0.1' }));
  }

  /** Past the preface and HELLO. */
  static greeting(port: number, line = newLine(), number = 1): RawPeer {
    return RawPeer.to(port).write(preface(), helloFrame({ line, number }));
  }

  write(...pieces: Uint8Array[]): this {
    this.socket.write(Buffer.concat(pieces));
    return this;
  }

  join(changes: Partial<Join> = {}): this {
    return this.write(joinFrame({ ...JOIN, ...changes }));
  }

  /** The payloads of one type. */
  got(type: number): Buffer[] {
    return this.frames.filter((frame) => frame.type === type).map(({ payload }) => payload);
  }
}

/** A server made of bytes: what it does with who comes, the test says. */
export async function rawServer(
  arrived: (socket: Socket) => void,
  port = 0,
): Promise<{ server: Server; port: number }> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    arrived(socket);
  });
  closing(async () => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return { server, port: (server.address() as { port: number }).port };
}

/** One connection through a proxy. */
interface Carried {
  near: Socket;
  far: Socket;
}

/** Carries bytes between `port` and who dials it, each piece `lag()` milliseconds later, until it is told to cut. */
export class TcpProxy {
  readonly #pairs = new Set<Carried>();
  port = 0;

  static async to(port: number, lag?: () => number): Promise<TcpProxy> {
    const proxy = new TcpProxy();
    const { port: own } = await rawServer((near) => {
      const far = dial({ port, host: '127.0.0.1' });
      closing(async () => far.destroy());
      far.on('error', () => {});
      const pair = { near, far };
      proxy.#pairs.add(pair);
      for (const [from, to] of [
        [near, far],
        [far, near],
      ] as const) {
        if (lag === undefined) from.pipe(to);
        else carryLate(from, to, lag);
        from.on('close', () => {
          if (proxy.#pairs.delete(pair)) to.destroy();
        });
      }
    });
    proxy.port = own;
    return proxy;
  }

  get endpoint(): string {
    return `127.0.0.1:${this.port}`;
  }

  get connections(): number {
    return this.#pairs.size;
  }

  /** Both ends hear of it, and what is under way is lost. */
  cut(): void {
    for (const { near } of [...this.#pairs]) near.destroy();
  }

  /** Who has dialled hears of it; to the other end what is under way still comes, and no end. */
  sever(): void {
    for (const pair of [...this.#pairs]) {
      this.#pairs.delete(pair);
      pair.near.destroy();
    }
  }
}

function carryLate(from: Socket, to: Socket, lag: () => number): void {
  let before: Promise<unknown> = Promise.resolve();
  from.on('data', (chunk: Buffer) => {
    before = before.then(() => sleep(lag())).then(() => to.writable && to.write(chunk));
  });
}
