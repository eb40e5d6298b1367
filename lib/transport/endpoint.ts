// host:port, as replicas and their peers are told it.

import { isIPv4, isIPv6 } from 'node:net';
import { invalid } from '../consensus/configuration.js';

export interface Endpoint {
  host: string;
  port: number;
}

const ENDPOINT = /^(?:\[([^[\]\s]+)\]|([^:[\]\s]+)):(\d{1,5})$/;
const MAX_PORT = 65_535;

/** @throws ConsensusError INVALID_ARGUMENT */
export function parseEndpoint(argument: string, value: unknown, lowestPort: number): Endpoint {
  const [, inBrackets, name, digits] = (typeof value === 'string' && ENDPOINT.exec(value)) || [];
  const port = Number(digits);
  const host = inBrackets ?? name;
  const isHost = host !== undefined && (inBrackets === undefined || isIPv6(inBrackets));
  if (!isHost || port < lowestPort || port > MAX_PORT) {
    const wanted = `host:port with a port from ${lowestPort} to ${MAX_PORT}, an IPv6 address in brackets`;
    throw invalid(argument, wanted, value);
  }
  return { host, port };
}

export function formatEndpoint({ host, port }: Endpoint): string {
  return isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Whether what goes there stays within this machine. */
export function isLoopback({ host }: Endpoint): boolean {
  return host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'));
}
