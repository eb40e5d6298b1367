// Those who append: each one record after another, through the replica that leads. Who gets no answer asks again, and keeps in
// mind what it was told.

import { setTimeout as sleep } from 'node:timers/promises';
import type { Flight } from '../flights.js';
import type { Cluster } from './cluster.js';
import type { Outcome } from './protocol.js';

const CLIENTS = 16;
/** Of a client between two records: the run is to last as long as its faults. */
const PAUSE_MS = 10;
const POLL_MS = 2;

/** What was told of an attempt to append a record. */
export interface Attempt {
  record: number;
  attempt: number;
  outcome: Outcome;
}

/** Of a record, whatever its number: the flights, and again from the first one where there are more records. */
export function flightOf(record: number, flights: readonly Flight[]): Flight {
  return flights[record % flights.length] as Flight;
}

export class Clients {
  readonly #cluster: Cluster;
  readonly #flights: readonly Flight[];
  readonly #records: number;
  #next = 0;
  #waiting = 0;
  #lastProgress = 0;
  /** All that have come to an end. */
  readonly attempts: Attempt[] = [];
  /** Records that were acknowledged. */
  appended = 0;
  /** The longest time that some waited and nobody was answered. */
  longestWaitMs = 0;

  constructor(cluster: Cluster, flights: readonly Flight[], records: number) {
    this.#cluster = cluster;
    this.#flights = flights;
    this.#records = records;
  }

  /** Milliseconds that some wait now without that anybody is answered. */
  get waitMs(): number {
    return this.#waiting === 0 ? 0 : performance.now() - this.#lastProgress;
  }

  /** Until all records are acknowledged. None is begun before `limit` allows it. */
  async appendAll(limit: () => number, isOver: () => boolean): Promise<void> {
    await Promise.all(Array.from({ length: CLIENTS }, () => this.#work(limit, isOver)));
  }

  async #work(limit: () => number, isOver: () => boolean): Promise<void> {
    while (this.#next < this.#records && !isOver()) {
      if (this.#next < limit()) {
        const record = this.#next++;
        if (this.#waiting++ === 0) this.#lastProgress = performance.now();
        await this.#append(record, isOver);
        this.#waiting--;
      }
      await sleep(PAUSE_MS);
    }
  }

  async #append(record: number, isOver: () => boolean): Promise<void> {
    const flight = flightOf(record, this.#flights);
    for (let attempt = 1; !isOver(); ) {
      const leader = this.#cluster.leader;
      if (leader === undefined) {
        await sleep(POLL_MS);
        continue;
      }
      const outcome = await this.#cluster.append(leader, { record, attempt, flight });
      this.attempts.push({ record, attempt, outcome });
      if (outcome.type === 'applied') {
        this.appended++;
        this.longestWaitMs = Math.max(this.longestWaitMs, this.waitMs);
        this.#lastProgress = performance.now();
        return;
      }
      attempt++;
    }
  }
}
