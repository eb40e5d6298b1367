// How far a runner goes ahead of a disk that stalls.

import { describe, expect, it } from '@jest/globals';
import type { Clock } from '../../../lib/consensus/clock.js';
import { PaxosRunner } from '../../../lib/consensus/index.js';
import { rawCodec } from '../../../lib/index.js';
import { CLUSTER, HeldStorage, settled } from '../../support/runners.js';

/** Time passes when a test says so. */
class TestClock implements Clock {
  readonly #ticks = new Set<() => void>();
  #soon: (() => void)[] = [];

  every(_: number, tick: () => void): () => void {
    this.#ticks.add(tick);
    return () => this.#ticks.delete(tick);
  }

  soon(work: () => void): void {
    this.#soon.push(work);
  }

  /** All that needs no time. */
  async settle(): Promise<void> {
    do {
      for (const work of this.#soon.splice(0)) work();
      await settled();
    } while (this.#soon.length > 0);
  }

  async tick(): Promise<void> {
    for (const tick of this.#ticks) tick();
    await this.settle();
  }
}

const MIB = 1024 * 1024;

describe('a follower whose disk stalls', () => {
  it('takes 64 MiB of entries ahead of it and no more, and goes on once it can', async () => {
    const clock = new TestClock();
    const storages = new Map(CLUSTER.nodes.map((pid) => [pid, new HeldStorage()]));
    const runners = new Map<number, PaxosRunner<Uint8Array>>();
    for (const [pid, storage] of storages) {
      const options = { cluster: CLUSTER, server: { pid }, storage, bootstrap: true, entryCodec: rawCodec };
      runners.set(pid, await PaxosRunner.openOn<Uint8Array>(clock, options, {}));
    }
    for (const [pid, runner] of runners) {
      runner.start({ send: (to, message) => runners.get(to)?.handleIncoming(pid, message) });
    }
    const leading = () => [...runners].find(([, { leadership }]) => leadership.role === 'leader');
    for (let ticks = 0; ticks < 200 && leading() === undefined; ticks++) await clock.tick();
    await clock.tick();
    const [leader, lead] = leading() as [number, PaxosRunner<Uint8Array>];
    const [follower, storage] = [...storages].find(([pid]) => pid !== leader) as [number, HeldStorage];

    storage.isHolding = true;
    for (let i = 0; i < 100; i++) {
      lead.append(Buffer.alloc(MIB, i));
      await clock.settle();
    }
    expect(lead.decidedIdx).toBe(100);
    // Each entry is two writes: what was appended, and that it is decided.
    expect(storage.held).toBeGreaterThan(2 * 50);
    expect(storage.held).toBeLessThanOrEqual(2 * 66);

    storage.isHolding = false;
    storage.release();
    await clock.settle();
    expect(runners.get(follower)?.decidedIdx).toBe(100);
    await Promise.all([...runners.values()].map((runner) => runner.stop()));
  });
});
