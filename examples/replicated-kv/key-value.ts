// What is replicated: a map of keys to values. It does what the commands say and nothing else, so that it is the same on every
// replica; it knows neither HTTP nor consensus.

import type { StateMachine } from 'omnipaxos-rocksdb/consensus';

/** `expected` is what the key must have for the change to be made: null for nothing, undefined for whatever it has. */
export type Command = { key: string; expected?: string | null | undefined } & ({ set: string } | { delete: true });

export interface Result {
  /** False where the key had not what was expected: nothing was changed. */
  changed: boolean;
  /** What the key had before. */
  before: string | undefined;
}

export class KeyValue implements StateMachine<Command, Result> {
  #values = new Map<string, string>();

  get(key: string): string | undefined {
    return this.#values.get(key);
  }

  /** A condition that does not hold is a result like any other: an error would stop every replica. */
  apply(command: Command): Result {
    const before = this.#values.get(command.key);
    const isExpected = command.expected === undefined || command.expected === (before ?? null);
    if (!isExpected) return { changed: false, before };
    if ('set' in command) this.#values.set(command.key, command.set);
    else this.#values.delete(command.key);
    return { changed: true, before };
  }

  /** The entries are copied now, and written while `apply` goes on to change the map. */
  snapshot(): AsyncIterable<Uint8Array> {
    return linesOf([...this.#values]);
  }

  /** Takes the place of the current state only when all of it is read. */
  async restore(state: AsyncIterable<Uint8Array>): Promise<void> {
    const values = new Map<string, string>();
    const decoder = new TextDecoder();
    let rest = '';
    for await (const piece of state) {
      const lines = (rest + decoder.decode(piece, { stream: true })).split('\n');
      rest = lines.pop() as string;
      for (const line of lines) values.set(...(JSON.parse(line) as [string, string]));
    }
    this.#values = values;
  }
}

async function* linesOf(entries: readonly [string, string][]): AsyncGenerator<Uint8Array> {
  for (const entry of entries) yield Buffer.from(`${JSON.stringify(entry)}\n`);
}
