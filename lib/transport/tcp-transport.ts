import { types } from 'node:util';
import { invalid } from '../consensus/configuration.js';
import { ConsensusError } from '../consensus/consensus-error.js';
import { TICK_MS } from './back-off.js';
import { Dialler, type OutgoingChannel } from './dialler.js';
import { type Endpoint, formatEndpoint } from './endpoint.js';
import { Listener } from './listener.js';
import { Member } from './member.js';
import { type CheckedTcpOptions, checkMembership, checkTcpOptions, type TcpTransportOptions } from './tcp-options.js';
import type { Membership, Transport, TransportLink } from './transport.js';

interface Joined {
  member: Member;
  ways: Map<number, { dialler: Dialler; channel: OutgoingChannel }>;
}

/**
 * Carries messages between processes over TCP, or TLS where `tls` is given. One transport for each process: all groups whose
 * peers are at one endpoint share one connection to it.
 *
 * Messages to a peer arrive in order and once, or not at all: a message is not sent again, and nothing is kept across
 * connections. A connection that ends is dialled again, at once and then at most a second later. Each direction has a
 * connection of its own. It keeps the process alive from {@link listen} to {@link close}.
 */
export class TcpTransport implements Transport, AsyncDisposable {
  readonly #options: CheckedTcpOptions;
  readonly #listener: Listener;
  /** By {@link keyOf}. */
  readonly #joined = new Map<string, Joined>();
  readonly #diallers = new Map<string, Dialler>();
  #timer: NodeJS.Timeout | undefined;
  #listening: Promise<void> | undefined;
  #closing: Promise<void> | undefined;

  /** @throws ConsensusError INVALID_ARGUMENT */
  constructor(options: TcpTransportOptions) {
    this.#options = checkTcpOptions(options);
    this.#listener = new Listener(this.#options.listen, {
      ...this.#options,
      members: (group) => [...this.#joined.values()].flatMap(({ member }) => (member.group === group ? [member] : [])),
      heardOf: ({ group, configurationId }, pid) => {
        const way = this.#joined.get(keyOf(group, configurationId))?.ways.get(pid);
        way?.dialler.hurry(way.channel);
      },
    });
  }

  /** Where it listens, with the real port once it does. */
  get endpoint(): string {
    return this.#listener.endpoint;
  }

  /**
   * Opens the port. The first {@link join} does so too; this is for who must know the port before.
   * @throws ConsensusError as a rejection: `INVALID_ARGUMENT` where the endpoint is taken or not of this machine; `STOPPED`
   */
  async listen(): Promise<void> {
    this.#refuseIfClosed();
    this.#listening ??= this.#open();
    await this.#listening;
    this.#refuseIfClosed();
  }

  async #open(): Promise<void> {
    try {
      await this.#listener.listen();
    } catch (error) {
      this.#listening = undefined; // it may be free the next time
      throw error;
    }
    if (this.#closing === undefined) this.#timer = setInterval(() => this.#tick(), TICK_MS);
  }

  /**
   * Connects a replica with its peers, and goes on trying to. What its functions throw is logged, and changes nothing.
   * @throws ConsensusError as a rejection: `INVALID_ARGUMENT`; `STOPPED` after {@link close}
   */
  async join(membership: Membership): Promise<TransportLink> {
    const endpoints = checkMembership(membership, this.#options);
    const { group, configurationId } = membership;
    await this.listen();
    const key = keyOf(group, configurationId);
    if (this.#joined.has(key)) {
      const message = `configuration ${configurationId} of group ${group} is joined already: leave it before`;
      throw new ConsensusError('INVALID_ARGUMENT', message);
    }
    const member = new Member(membership, this.#options.log);
    const joined: Joined = { member, ways: new Map() };
    for (const [pid, endpoint] of endpoints) {
      const dialler = this.#diallerTo(endpoint);
      joined.ways.set(pid, { dialler, channel: dialler.add(member, pid) });
    }
    this.#joined.set(key, joined);
    return {
      send: (to, message) => this.#send(joined, to, message),
      isConnected: (pid) => joined.ways.get(pid)?.channel.state === 'joined',
      leave: async () => this.#leave(joined),
    };
  }

  /** Ends every connection and every membership; nothing is told any more. Resolves once the port is free. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** {@link close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    for (const joined of [...this.#joined.values()]) this.#leave(joined);
    clearInterval(this.#timer);
    await this.#listening?.catch(() => {}); // told to who has asked for it
    await this.#listener.close();
  }

  #diallerTo(endpoint: Endpoint): Dialler {
    const name = formatEndpoint(endpoint);
    let dialler = this.#diallers.get(name);
    if (dialler === undefined) {
      dialler = new Dialler(endpoint, this.#options);
      this.#diallers.set(name, dialler);
    }
    return dialler;
  }

  #send({ ways }: Joined, to: number, message: Uint8Array): void | Promise<void> {
    if (!types.isUint8Array(message)) throw invalid('message', 'a Uint8Array', message);
    const way = ways.get(to);
    if (way === undefined) return undefined;
    if (message.byteLength > this.#options.maxFrameBytes) {
      const reason = `a message of ${message.byteLength} bytes is dropped: it is larger than maxFrameBytes`;
      this.#options.log.tell(`replica ${to} of group ${way.channel.member.group}`, reason);
      return undefined;
    }
    return way.dialler.send(way.channel, message);
  }

  #leave({ member, ways }: Joined): void {
    if (member.hasLeft) return;
    member.leave();
    this.#joined.delete(keyOf(member.group, member.configurationId));
    for (const { dialler, channel } of ways.values()) dialler.remove(channel);
    for (const [name, dialler] of this.#diallers) if (dialler.isUnused) this.#diallers.delete(name);
  }

  #tick(): void {
    for (const dialler of [...this.#diallers.values()]) dialler.tick();
    this.#listener.tick();
  }

  #refuseIfClosed(): void {
    if (this.#closing !== undefined) throw new ConsensusError('STOPPED', 'the transport was closed; make another');
  }
}

function keyOf(group: string, configurationId: number): string {
  return `${configurationId} ${group}`;
}
