import { setImmediate as pause } from 'node:timers/promises';

/**
 * Work of real disks in a run on virtual time. It takes none of that, and tells its outcomes in the order in which it was
 * begun: nothing of a run depends on which disk is done first.
 */
export class RealWork {
  #underWay: { isDone: Promise<unknown>; tell: () => void }[] = [];

  run<V>(work: Promise<V>): Promise<V> {
    const isDone = work.catch(() => {}); // who has called is told
    return new Promise((resolve) => this.#underWay.push({ isDone, tell: () => resolve(work) }));
  }

  /** Resolves once all that needs no virtual time is done. */
  async settle(): Promise<void> {
    await pause();
    for (let first = this.#underWay.shift(); first !== undefined; first = this.#underWay.shift()) {
      await first.isDone;
      first.tell();
      await pause();
    }
  }
}
