// Certificates: ours, which may be replaced while connections go on, and what a peer's says of its pid.

import { X509Certificate } from 'node:crypto';
import { createSecureContext, type SecureContextOptions, TLSSocket } from 'node:tls';
import { checkRecord } from '../consensus/configuration.js';
import { ConsensusError, messageOf } from '../consensus/consensus-error.js';
import type { RefusalLog } from './refusal-log.js';

/** All as PEM text. */
export interface TlsCredentials {
  /** The private key of `cert`. */
  key: string;
  /** With the DNS names `replica-<pid>` of all pids that this process speaks for; certificates between it and `ca` follow. */
  cert: string;
  /** Of those, and no others, that peers' certificates may come from. More than one may stand behind each other. */
  ca: string;
}

export type GivenCredentials = TlsCredentials | (() => TlsCredentials);

const NAMES = ['key', 'cert', 'ca'] as const;

export class Credentials {
  readonly #given: GivenCredentials;
  readonly #log: RefusalLog;
  #last: TlsCredentials;
  #options: SecureContextOptions;

  /** @throws ConsensusError INVALID_ARGUMENT */
  constructor(given: GivenCredentials, log: RefusalLog) {
    this.#given = given;
    this.#log = log;
    this.#last = take(given);
    this.#options = optionsOf(this.#last);
  }

  /**
   * For a new connection; the same object for as long as nothing has changed. Where the new ones cannot be used, the old
   * ones are, and that is logged.
   */
  current(): SecureContextOptions {
    if (typeof this.#given !== 'function') return this.#options;
    try {
      const given = take(this.#given);
      if (NAMES.some((name) => given[name] !== this.#last[name])) {
        this.#options = optionsOf(given);
        this.#last = given;
      }
      this.#log.forget('tls');
    } catch (error) {
      this.#log.tell('tls', `the old certificates are used on: ${messageOf(error)}`);
    }
    return this.#options;
  }
}

function take(given: GivenCredentials): TlsCredentials {
  const value = checkRecord<TlsCredentials>('tls', typeof given === 'function' ? given() : given, NAMES);
  for (const name of NAMES) {
    // Node takes all authorities of the world for an empty one.
    if (typeof value[name] !== 'string' || value[name] === '')
      throw new ConsensusError('INVALID_ARGUMENT', `tls.${name} must be PEM text`);
  }
  return { key: value.key, cert: value.cert, ca: value.ca };
}

function optionsOf({ key, cert, ca }: TlsCredentials): SecureContextOptions {
  const options: SecureContextOptions = { key, cert, ca, minVersion: 'TLSv1.3', maxVersion: 'TLSv1.3' };
  try {
    new X509Certificate(ca); // createSecureContext takes any text for one without authorities
    createSecureContext(options);
  } catch (cause) {
    const message = `tls must be a key, its certificate and those of authorities, all PEM: ${messageOf(cause)}`;
    throw new ConsensusError('INVALID_ARGUMENT', message, { cause });
  }
  return options;
}

/** Why who is at the other end may not speak for `pid`; undefined where it may. Without TLS everybody may. */
export function nameRefusal(socket: unknown, pid: number): string | undefined {
  if (!(socket instanceof TLSSocket)) return undefined;
  const name = `replica-${pid}`;
  const found = socket.getPeerX509Certificate()?.checkHost(name, { subject: 'never', wildcards: false });
  return found === undefined ? `the certificate does not have the DNS name ${name}` : undefined;
}
