// Whether a history of one key is linearizable: whether each operation can be thought to have happened at one moment between
// its call and its answer, so that all answers are right. The search is Wing and Gong's, with the memory that Lowe added.

/** What a client did to the key, which has a value or null. Writes of null delete. */
export type Operation = {
  start: number;
  /** Undefined where nobody knows what became of it: it happens at any time from `start` on, or never. */
  end: number | undefined;
} & (
  | { type: 'read'; value: string | null }
  | { type: 'write'; value: string | null }
  /** `found` is what the key had where it was not `expected`; undefined where the value was set, or nobody knows. */
  | { type: 'cas'; expected: string | null; value: string | null; found: string | null | undefined }
);

/** An operation that has not been given its place yet, in a list by the times of their calls. */
interface Node {
  operation: Operation;
  /** In the whole list. */
  position: number;
  end: number;
  previous: Node | undefined;
  next: Node | undefined;
}

/** What was placed last, and the others that could have been. */
interface Choice {
  placed: Node;
  before: { value: string | null; lastPosition: number };
  /** To be tried instead. */
  others: Node[];
}

/** Undefined where `history` is linearizable, from a key without a value on. Otherwise what the search could not get past. */
export function violationIn(history: readonly Operation[]): string | undefined {
  const operations = withoutTheUnseen(history).sort((a, b) => a.start - b.start);
  return new Search(operations).run();
}

class Search {
  /** Before the first: not an operation itself. */
  readonly #head: Node;
  readonly #seen = new Set<string>();
  readonly #choices: Choice[] = [];
  #value: string | null = null;
  /** Of what has been placed. */
  #lastPosition = -1;
  /** Known operations that have no place yet. */
  #left = 0;
  #best = { left: Number.POSITIVE_INFINITY, told: '' };

  constructor(operations: readonly Operation[]) {
    const write: Operation = { type: 'write', value: null, start: 0, end: 0 };
    this.#head = { operation: write, position: -1, end: 0, previous: undefined, next: undefined };
    let last = this.#head;
    operations.forEach((operation, position) => {
      const end = operation.end ?? Number.POSITIVE_INFINITY;
      last.next = { operation, position, end, previous: last, next: undefined };
      last = last.next;
      if (operation.end !== undefined) this.#left++;
    });
  }

  run(): string | undefined {
    let candidates = this.#candidates();
    while (this.#left > 0) {
      const [placed, ...others] = candidates;
      if (placed !== undefined) {
        this.#place(placed, others);
        candidates = this.#isNew() ? this.#candidates() : [];
        continue;
      }
      const choice = this.#choices.pop();
      if (choice === undefined) return this.#best.told;
      this.#takeBack(choice);
      candidates = choice.others;
    }
    return undefined;
  }

  /** What could come next: called before everything else that is left had its answer, and right with the value as it is. */
  #candidates(): Node[] {
    const open = this.#open();
    if (this.#left < this.#best.left) {
      const told = open.map(({ operation }) => JSON.stringify(operation)).join('\n');
      this.#best = {
        left: this.#left,
        told: `with the value ${JSON.stringify(this.#value)} none can come next:\n${told}`,
      };
    }
    const possible = open.filter(({ operation }) => valueBehind(operation, this.#value) !== undefined);
    // What only looks can as well come at once, and nothing else need be tried.
    const look = possible.find(({ operation }) => isLook(operation));
    if (look !== undefined) return [look];
    return possible.sort((a, b) => a.end - b.end);
  }

  #open(): Node[] {
    const open: Node[] = [];
    let firstEnd = Number.POSITIVE_INFINITY;
    for (let node = this.#head.next; node !== undefined && node.operation.start <= firstEnd; node = node.next) {
      open.push(node);
      firstEnd = Math.min(firstEnd, node.end);
    }
    return open;
  }

  #place(node: Node, others: Node[]): void {
    this.#choices.push({ placed: node, before: { value: this.#value, lastPosition: this.#lastPosition }, others });
    this.#value = (valueBehind(node.operation, this.#value) as { value: string | null }).value;
    this.#lastPosition = Math.max(this.#lastPosition, node.position);
    if (node.operation.end !== undefined) this.#left--;
    if (node.previous !== undefined) node.previous.next = node.next;
    if (node.next !== undefined) node.next.previous = node.previous;
  }

  #takeBack({ placed, before }: Choice): void {
    this.#value = before.value;
    this.#lastPosition = before.lastPosition;
    if (placed.operation.end !== undefined) this.#left++;
    if (placed.previous !== undefined) placed.previous.next = placed;
    if (placed.next !== undefined) placed.next.previous = placed;
  }

  /** Whether these operations were not placed before, in another order with the same value behind them. */
  #isNew(): boolean {
    const skipped: number[] = [];
    for (let node = this.#head.next; node !== undefined && node.position < this.#lastPosition; node = node.next) {
      skipped.push(node.position);
    }
    const state = JSON.stringify([this.#lastPosition, skipped, this.#value]);
    if (this.#seen.has(state)) return false;
    this.#seen.add(state);
    return true;
  }
}

/** Undefined where the operation cannot have given its answer, with `value` before it. */
function valueBehind(operation: Operation, value: string | null): { value: string | null } | undefined {
  if (operation.type === 'write') return { value: operation.value };
  if (operation.type === 'read') return operation.value === value ? { value } : undefined;
  if (operation.found !== undefined) {
    return operation.found === value && value !== operation.expected ? { value } : undefined;
  }
  return operation.expected === value ? { value: operation.value } : undefined;
}

function isLook(operation: Operation): boolean {
  return operation.type === 'read' || (operation.type === 'cas' && operation.found !== undefined);
}

/**
 * What nobody knows the outcome of need not have happened. Where no other operation has to do with the value that it would
 * have written, it is left out: nothing is made possible by it, and the search has less to try.
 */
function withoutTheUnseen(history: readonly Operation[]): Operation[] {
  const uses = new Map<string | null, number>([[null, Number.POSITIVE_INFINITY]]);
  const count = (operation: Operation, by: number) => {
    for (const value of valuesNeededBy(operation)) uses.set(value, (uses.get(value) ?? 0) + by);
  };
  let kept = history.filter(({ type, end }) => type !== 'read' || end !== undefined);
  for (const operation of kept) count(operation, 1);
  for (let before = -1; before !== kept.length; ) {
    before = kept.length;
    kept = kept.filter((operation) => {
      const isKept = operation.end !== undefined || operation.type === 'read' || (uses.get(operation.value) ?? 0) > 0;
      if (!isKept) count(operation, -1);
      return isKept;
    });
  }
  return kept;
}

function valuesNeededBy(operation: Operation): (string | null)[] {
  if (operation.type === 'write') return [];
  if (operation.type === 'read') return [operation.value];
  return operation.found === undefined ? [operation.expected] : [operation.found];
}
