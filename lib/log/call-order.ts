import Deque from 'denque';

/** Lets promises settle in the order of the calls that made them, whenever their outcomes become known. */
export class CallOrder {
  /** The calls that have not settled yet, in order. `settle` is there once the outcome is known. */
  readonly #calls = new Deque<{ settle?: () => void }>();

  /** No call waits for one before it: what settles in order by itself need not {@link enter}. */
  get isIdle(): boolean {
    return this.#calls.isEmpty();
  }

  enter<V>(outcome: Promise<V>): Promise<V> {
    return new Promise((resolve, reject) => {
      const call: { settle?: () => void } = {};
      this.#calls.push(call);
      const known = (settle: () => void) => {
        call.settle = settle;
        this.#advance();
      };
      outcome.then(
        (value) => known(() => resolve(value)),
        (error) => known(() => reject(error)),
      );
    });
  }

  #advance(): void {
    for (let first = this.#calls.peekFront(); first?.settle !== undefined; first = this.#calls.peekFront()) {
      this.#calls.shift();
      first.settle();
    }
  }
}
