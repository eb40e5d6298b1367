/** Numbers that follow from a seed (splitmix32): the only source of chance in a simulation. */
export class SeededRandom {
  #state: number;

  constructor(seed: number) {
    this.#state = Math.imul(seed | 0, 0x9e3779b1) ^ 0x5bd1e995;
    // Seeds that differ in few bits must differ at once.
    for (let i = 0; i < 4; i++) this.#next();
  }

  #next(): number {
    this.#state = (this.#state + 0x9e3779b9) | 0;
    let z = this.#state;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return (z ^ (z >>> 15)) >>> 0;
  }

  /** An integer in `[lowest, highest]`. */
  within(lowest: number, highest: number): number {
    return lowest + (this.#next() % (highest - lowest + 1));
  }

  /** True `percent` times in a hundred. */
  chance(percent: number): boolean {
    return this.#next() % 10_000 < percent * 100;
  }

  oneOf<V>(values: readonly V[]): V {
    return values[this.within(0, values.length - 1)] as V;
  }
}
