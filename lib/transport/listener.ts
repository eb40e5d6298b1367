// The port, and who comes to it. Connections that no group has let in yet are few, and not for long.

import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import {
  createServer as createTlsServer,
  type SecureContextOptions,
  type TLSSocket,
  type Server as TlsServer,
} from 'node:tls';
import { ConsensusError, messageOf } from '../consensus/consensus-error.js';
import { HANDSHAKE_TICKS } from './back-off.js';
import type { Credentials } from './credentials.js';
import { type Endpoint, formatEndpoint } from './endpoint.js';
import type { Hello } from './frames.js';
import { IncomingConnection, type Reception } from './incoming-connection.js';
import type { Member } from './member.js';
import type { RefusalLog } from './refusal-log.js';

/** More push out the oldest of them: a peer needs far less time than whoever holds places only. */
const MAX_STRANGERS = 64;

export interface ListenerOptions {
  credentials: Credentials | undefined;
  silentTicks: number;
  maxFrameBytes: number;
  log: RefusalLog;
  members(group: string): Member[];
  heardOf(member: Member, pid: number): void;
}

/** A socket as it was accepted, before any TLS on it. */
interface Arrival {
  readonly socket: Socket;
  readonly address: string;
  /** For which it has been a stranger. */
  ticks: number;
  /** Once TLS is done. */
  connection: IncomingConnection | undefined;
}

export class Listener {
  readonly #endpoint: Endpoint;
  readonly #options: ListenerOptions;
  readonly #server: Server = createServer((socket) => this.#arrived(socket));
  readonly #tls: TlsServer | undefined;
  #context: SecureContextOptions | undefined;
  readonly #arrivals = new Map<string, Arrival>();
  /** Those of the arrivals that no group has let in, the oldest first. */
  readonly #strangers = new Set<Arrival>();
  readonly #lines = new Map<string, { connection: IncomingConnection; number: number }>();
  readonly #reception: Reception;

  constructor(endpoint: Endpoint, options: ListenerOptions) {
    this.#endpoint = endpoint;
    this.#options = options;
    this.#tls = options.credentials && this.#createTls();
    this.#reception = {
      ...options,
      takeLine: (hello, connection) => this.#takeLine(hello, connection),
      introduced: (connection, isIntroduced) => this.#introduced(connection, isIntroduced),
      ended: (connection) => this.#ended(connection),
    };
  }

  /** @throws ConsensusError INVALID_ARGUMENT, as a rejection */
  async listen(): Promise<void> {
    const { host, port } = this.#endpoint;
    try {
      await new Promise<void>((resolve, reject) => {
        this.#server.once('error', reject);
        this.#server.listen({ host, port }, () => {
          this.#server.off('error', reject);
          resolve();
        });
      });
    } catch (cause) {
      const message = `listen must be a free endpoint of this machine: ${messageOf(cause)}`;
      throw new ConsensusError('INVALID_ARGUMENT', message, { cause });
    }
    // Accepting can fail later, where files run out; the peers come again.
    this.#server.on('error', (error) => this.#options.log.tell('port', messageOf(error)));
  }

  /** With the real port while it listens. */
  get endpoint(): string {
    const address = this.#server.address() as AddressInfo | null;
    return formatEndpoint({ ...this.#endpoint, port: address?.port ?? this.#endpoint.port });
  }

  tick(): void {
    for (const { connection } of [...this.#arrivals.values()]) connection?.tick();
    for (const stranger of [...this.#strangers]) {
      if (++stranger.ticks > HANDSHAKE_TICKS) this.#turnAway(stranger, 'it has not introduced itself in time');
    }
  }

  /** Ends all connections. Resolves once the port is free. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const { socket } of this.#arrivals.values()) socket.destroy();
    await closed;
  }

  // ── Arrivals ───────────────────────────────────────────────────────────────────────────────────────────────────────

  #arrived(socket: Socket): void {
    const key = keyOf(socket);
    if (key === undefined) {
      socket.destroy(); // it has gone already
      return;
    }
    const arrival: Arrival = { socket, address: `${socket.remoteAddress}`, ticks: 0, connection: undefined };
    this.#arrivals.set(key, arrival);
    socket.on('error', () => {}); // 'close' follows
    socket.on('close', () => {
      if (this.#arrivals.get(key) === arrival) this.#arrivals.delete(key);
      this.#strangers.delete(arrival);
    });
    const [oldest] = this.#strangers;
    if (oldest !== undefined && this.#strangers.size >= MAX_STRANGERS) {
      this.#turnAway(oldest, 'too many connections have not introduced themselves');
    }
    this.#strangers.add(arrival);
    if (this.#tls === undefined) this.#open(arrival, socket);
    else this.#secure(this.#tls, socket);
  }

  #open(arrival: Arrival, socket: Socket): void {
    arrival.connection = new IncomingConnection(socket, arrival.address, this.#reception);
  }

  #turnAway({ socket, address, connection }: Arrival, reason: string): void {
    if (connection !== undefined) connection.refuse(reason);
    else this.#options.log.tell(`connection from ${address}`, `it is refused: ${reason}`);
    socket.destroy();
  }

  #introduced(connection: IncomingConnection, isIntroduced: boolean): void {
    const arrival = [...this.#arrivals.values()].find((each) => each.connection === connection);
    if (arrival === undefined) return;
    arrival.ticks = 0;
    if (isIntroduced) this.#strangers.delete(arrival);
    else this.#strangers.add(arrival);
  }

  #takeLine({ line, number }: Hello, connection: IncomingConnection): boolean {
    const last = this.#lines.get(line);
    if (last !== undefined && last.number >= number) return false;
    this.#lines.set(line, { connection, number });
    last?.connection.replace();
    return true;
  }

  /** Its socket may take a while to close: it is a stranger until then. */
  #ended(connection: IncomingConnection): void {
    this.#introduced(connection, false);
    const { line } = connection;
    if (line !== undefined && this.#lines.get(line)?.connection === connection) this.#lines.delete(line);
  }

  // ── TLS ────────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** It listens nowhere: it is given sockets that were let in, so that they are counted before they are secure. */
  #createTls(): TlsServer {
    const server = createTlsServer({ requestCert: true, rejectUnauthorized: true });
    server.on('secureConnection', (socket) => {
      const arrival = this.#arrivals.get(keyOf(socket) ?? '');
      if (arrival === undefined) socket.destroy();
      else this.#open(arrival, socket);
    });
    server.on('tlsClientError', (error: NodeJS.ErrnoException, socket: TLSSocket) => {
      const reason = socket.authorizationError ?? error.code ?? error.message;
      this.#options.log.tell(`connection from ${socket.remoteAddress}`, `it is refused: TLS: ${reason}`);
      socket.destroy();
    });
    return server;
  }

  #secure(server: TlsServer, socket: Socket): void {
    const context = this.#options.credentials?.current();
    if (context !== undefined && context !== this.#context) {
      this.#context = context;
      server.setSecureContext(context);
    }
    server.emit('connection', socket);
  }
}

/** The same of a socket and of TLS on it, and of no other that is open; Node does not tell which socket TLS is on. */
function keyOf({ remoteAddress, remotePort, localAddress }: Socket): string | undefined {
  return remoteAddress === undefined ? undefined : `${remoteAddress} ${remotePort} ${localAddress}`;
}
