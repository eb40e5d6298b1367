import type { LogIndex } from '../contract/storage.js';
import type { IncomingState, StateStore } from './state-store.js';

/** The states of peers that come, each announced by its index: an election may need what several peers have. */
export class IncomingStates {
  readonly #store: StateStore;
  readonly #name: string;
  readonly #prefix: string;

  /** One of them is to become `name`. They are announced as `incoming`, with their index behind it. */
  constructor(store: StateStore, name: string, incoming: string) {
    this.#store = store;
    this.#name = name;
    this.#prefix = `${incoming}.`;
  }

  at(index: LogIndex): IncomingState {
    return this.#store.incoming(this.#name, `${this.#prefix}${index}`);
  }

  /** Of those that have been begun, in this life or an earlier one. */
  async indices(): Promise<LogIndex[]> {
    const names = (await this.#store.announcedNames()).filter((name) => name.startsWith(this.#prefix));
    return names.map((name) => Number(name.slice(this.#prefix.length))).filter(Number.isSafeInteger);
  }

  /** Nothing is kept of any. */
  async discard(): Promise<void> {
    for (const index of await this.indices()) await this.at(index).discard();
  }
}
