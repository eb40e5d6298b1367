// The state machine of the demo: which records were appended, and where. It remembers every command that was ever applied, so
// that the end of the demo can tell what was lost and what was done twice.

import { crc32 } from 'node:zlib';
import type { StateMachine } from 'omnipaxos-rocksdb/consensus';
import type { Flight } from '../flights.js';

/**
 * Who gets no answer asks again, with the next `attempt`: each of them is one proposal. The record's number is what tells
 * that it is there already.
 */
export interface Command {
  record: number;
  attempt: number;
  flight: Flight;
}

/** Numbers in a row of the history: index in the log, record, attempt, checksum of the flight. */
export const ROW = 4;

export class FlightLog implements StateMachine<Command, boolean> {
  #rows: number[] = [];
  #appended = new Set<number>();

  /** True for a record that was not there: an attempt after it changes nothing. */
  apply({ record, attempt, flight }: Command, index: number): boolean {
    const isNew = !this.#appended.has(record);
    this.#appended.add(record);
    this.#rows.push(index, record, attempt, checksum(flight));
    return isNew;
  }

  /** A copy of it. */
  get history(): Uint32Array {
    return Uint32Array.from(this.#rows);
  }

  snapshot(): Uint8Array {
    return new Uint8Array(this.history.buffer);
  }

  async restore(state: AsyncIterable<Uint8Array>): Promise<void> {
    const pieces: Uint8Array[] = [];
    for await (const piece of state) pieces.push(piece);
    const bytes = Uint8Array.from(Buffer.concat(pieces)); // from the start of its memory, as 32-bit numbers want it
    this.#rows = Array.from(new Uint32Array(bytes.buffer));
    this.#appended = new Set(this.#rows.filter((_, i) => i % ROW === 1));
  }
}

export function checksum(flight: Flight): number {
  return crc32(JSON.stringify(flight));
}
