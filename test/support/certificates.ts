// Certificates as an operator makes them: with openssl, by the commands of docs/consensus.md.

import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TlsCredentials } from '../../lib/consensus/index.js';
import { temporaryFolder } from './temporary-folder.js';

const KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

export class Authority {
  readonly #folder = temporaryFolder();

  constructor(name = 'omnipaxos-ca') {
    this.#openssl(
      'req',
      '-x509',
      ...KEY,
      '-keyout',
      'ca.key',
      '-out',
      'ca.crt',
      '-days',
      '3650',
      '-subj',
      `/CN=${name}`,
    );
  }

  /** For who speaks for these pids. */
  credentials(...pids: number[]): TlsCredentials {
    return this.named(pids.map((pid) => `DNS:replica-${pid}`).join(','), `replica-${pids[0]}`);
  }

  named(subjectAltName: string, commonName: string): TlsCredentials {
    this.#openssl('req', ...KEY, '-keyout', 'replica.key', '-out', 'replica.csr', '-subj', `/CN=${commonName}`);
    writeFileSync(join(this.#folder, 'replica.ext'), `subjectAltName=${subjectAltName}\n`);
    const by = ['-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '365', '-extfile', 'replica.ext'];
    this.#openssl('x509', '-req', '-in', 'replica.csr', ...by, '-out', 'replica.crt');
    return { key: this.#read('replica.key'), cert: this.#read('replica.crt'), ca: this.ca };
  }

  get ca(): string {
    return this.#read('ca.crt');
  }

  #read(file: string): string {
    return readFileSync(join(this.#folder, file), 'utf8');
  }

  #openssl(...args: string[]): void {
    execFileSync('openssl', args, { cwd: this.#folder, stdio: 'pipe' });
  }
}
