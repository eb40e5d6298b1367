// What went wrong between peers, told once: a peer that is refused comes again for ever.

import { inspect } from 'node:util';

/** Whoever can reach the port can make up reasons: what is kept of them must end somewhere. */
const MAX_TOLD = 1024;

export class RefusalLog {
  readonly #log: (message: string) => void;
  readonly #told = new Map<string, Set<string>>();
  #count = 0;

  constructor(log: (message: string) => void) {
    this.#log = log;
  }

  /** Once for each peer and reason, until the peer is connected. Never throws. */
  tell(peer: string, reason: string): void {
    let reasons = this.#told.get(peer);
    if (reasons?.has(reason) || this.#count >= MAX_TOLD) return;
    if (reasons === undefined) {
      reasons = new Set();
      this.#told.set(peer, reasons);
    }
    reasons.add(reason);
    this.#count++;
    this.#write(`${peer}: ${reason}`);
    if (this.#count === MAX_TOLD) this.#write(`${MAX_TOLD} different troubles with peers: no new ones are logged`);
  }

  /** The peer is connected: what goes wrong from now on is news. */
  forget(peer: string): void {
    this.#count -= this.#told.get(peer)?.size ?? 0;
    this.#told.delete(peer);
  }

  #write(message: string): void {
    try {
      this.#log(`omnipaxos-rocksdb: ${message}`);
    } catch {
      // Who logs has failed, and there is nobody else to tell.
    }
  }
}

/** What another process has sent, fit for a log: no line breaks, no escapes. */
export function quoted(text: string): string {
  return inspect(text, { maxStringLength: 200, breakLength: Infinity });
}
