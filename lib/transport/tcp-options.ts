// What a TcpTransport and its memberships are told, checked.

import { checkInteger, checkRecord, invalid, MAX_PID } from '../consensus/configuration.js';
import { ConsensusError } from '../consensus/consensus-error.js';
import { MAX_BYTES } from '../consensus/entry-bytes.js';
import type { Peer } from '../consensus/runner-options.js';
import { TICK_MS } from './back-off.js';
import { Credentials, type TlsCredentials } from './credentials.js';
import { type Endpoint, formatEndpoint, isLoopback, parseEndpoint } from './endpoint.js';
import { MAX_CONTROL_BYTES, MAX_GROUP_BYTES } from './frames.js';
import { RefusalLog } from './refusal-log.js';
import type { Membership } from './transport.js';

/** What a {@link TcpTransport} takes. */
export interface TcpTransportOptions {
  /** `host:port`, where peers reach this process. Port 0 is any free one. */
  listen: string;
  /**
   * Both sides of every connection present a certificate, and that of a peer must have the DNS name `replica-<pid>`. A
   * function is asked for each new connection, so that certificates can be replaced; connections go on with theirs.
   */
  tls?: TlsCredentials | (() => TlsCredentials);
  /**
   * True allows connections without TLS beyond this machine: anybody who reaches the port can then speak for any replica.
   * Default false.
   */
  plain?: boolean;
  /** Milliseconds after which a peer that says nothing is taken for dead, 50 at the least. Default 100. */
  electionTimeoutMs?: number;
  /** Of one message, the same on all replicas. Default 2 GiB. */
  maxFrameBytes?: number;
  /**
   * Told of peers that are refused or cannot be reached, once for each peer and reason. Default `console.warn`, which
   * writes to stderr and does no more: a process warning could end the process, by a flag of Node's.
   */
  log?: (message: string) => void;
}

export interface CheckedTcpOptions {
  listen: Endpoint;
  credentials: Credentials | undefined;
  plain: boolean;
  silentTicks: number;
  maxFrameBytes: number;
  log: RefusalLog;
}

const NAMES = ['listen', 'tls', 'plain', 'electionTimeoutMs', 'maxFrameBytes', 'log'];
/** An entry as large as can be, and what is around it. */
const MAX_FRAME_BYTES = MAX_BYTES + MAX_CONTROL_BYTES;
const MIN_ELECTION_TIMEOUT_MS = 50;
const MAX_ELECTION_TIMEOUT_MS = 2 ** 31 - 1;
const MAX_U32 = 2 ** 32 - 1;

/** @throws ConsensusError INVALID_ARGUMENT */
export function checkTcpOptions(options: TcpTransportOptions): CheckedTcpOptions {
  const given = checkRecord<TcpTransportOptions>('options', options, NAMES);
  const { tls, plain = false, electionTimeoutMs = 100, maxFrameBytes = MAX_FRAME_BYTES, log = console.warn } = given;
  const listen = parseEndpoint('listen', given.listen, 0);
  if (typeof plain !== 'boolean') throw invalid('plain', 'a boolean', plain);
  if (plain && tls !== undefined)
    throw new ConsensusError('INVALID_ARGUMENT', 'plain must not be true where there is tls');
  if (typeof log !== 'function') throw invalid('log', 'a function', log);
  checkInteger('electionTimeoutMs', electionTimeoutMs, MIN_ELECTION_TIMEOUT_MS, MAX_ELECTION_TIMEOUT_MS);
  checkInteger('maxFrameBytes', maxFrameBytes, MAX_CONTROL_BYTES, MAX_FRAME_BYTES);
  if (tls === undefined && !plain) requireLoopback('listen', listen);
  const refusals = new RefusalLog(log);
  return {
    listen,
    credentials: tls === undefined ? undefined : new Credentials(tls, refusals),
    plain,
    silentTicks: Math.floor(electionTimeoutMs / TICK_MS),
    maxFrameBytes,
    log: refusals,
  };
}

function requireLoopback(argument: string, endpoint: Endpoint): void {
  if (isLoopback(endpoint)) return;
  const shown = formatEndpoint(endpoint);
  const message = `${argument} must not be ${shown}, beyond this machine, without TLS: give tls, or plain: true in a network`;
  throw new ConsensusError('INVALID_ARGUMENT', `${message} where everybody is trusted`);
}

/**
 * Where each peer is.
 * @throws ConsensusError INVALID_ARGUMENT
 */
export function checkMembership(membership: Membership, options: CheckedTcpOptions): Map<number, Endpoint> {
  const { group, configurationId, pid, replicaId, endpoint, peers } = (membership ?? {}) as Partial<Membership>;
  if (typeof group !== 'string' || !group.isWellFormed() || Buffer.byteLength(group) > MAX_GROUP_BYTES) {
    throw invalid('group', `well-formed text of up to ${MAX_GROUP_BYTES} bytes`, group);
  }
  checkInteger('configurationId', configurationId, 0, MAX_U32);
  checkInteger('pid', pid, 1, MAX_PID);
  if (typeof replicaId !== 'string' || !/^[0-9a-f]{16}$/.test(replicaId)) {
    throw invalid('replicaId', '16 hexadecimal digits, in lower case', replicaId);
  }
  for (const name of ['refusal', 'connected', 'disconnected', 'elsewhere', 'excluded', 'receive'] as const) {
    if (typeof membership[name] !== 'function') throw invalid(name, 'a function', membership[name]);
  }
  parseEndpoint('endpoint', endpoint, 1);
  if (!Array.isArray(peers)) throw invalid('peers', 'an array', peers);
  const endpoints = new Map<number, Endpoint>();
  const taken = new Set<string>();
  peers.forEach((peer: unknown, i) => {
    const given = checkRecord<Peer>(`peers[${i}]`, peer, ['pid', 'endpoint']);
    checkInteger(`peers[${i}].pid`, given.pid, 1, MAX_PID);
    if (given.pid === pid || endpoints.has(given.pid)) {
      throw invalid(`peers[${i}].pid`, 'a pid that is not named twice', given.pid);
    }
    const endpoint = parseEndpoint(`peers[${i}].endpoint`, given.endpoint, 1);
    const name = formatEndpoint(endpoint);
    if (taken.has(name)) throw invalid(`peers[${i}].endpoint`, 'an endpoint that is not named twice', name);
    if (options.credentials === undefined && !options.plain) requireLoopback(`peers[${i}].endpoint`, endpoint);
    taken.add(name);
    endpoints.set(given.pid, endpoint);
  });
  return endpoints;
}
