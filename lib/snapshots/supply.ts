// The ways in which a source gives its pieces: all at once, as a stream of Node, as a stream of the web, by an iterator.

import { types } from 'node:util';
import { invalid } from '../contract/validate.js';

/** The pieces of one source, one after another. */
export interface Supply {
  /** The next piece, of whatever type. Not called again before the last one is there, nor behind the end. */
  next(): Step | PromiseLike<Step>;
  /** No more is wanted: closes the source. May be called at any time, also while a piece is awaited, and may throw. */
  end(): unknown;
}

export type Step = IteratorResult<unknown, unknown>;

const END: Step = { done: true, value: undefined };

/**
 * How `given` supplies its pieces; undefined where it is no source. Takes nothing from it yet. An error of a stream belongs
 * to the one who reads it: from here on one that comes before it is read no longer ends the process.
 */
export function supplyOf(given: unknown): Supply | undefined {
  if (typeof given !== 'object' || given === null) return undefined;
  if (types.isUint8Array(given)) return new Whole(given);
  if (isWebStream(given)) return new WebStreamSupply(given);
  const { [Symbol.asyncIterator]: asynchronous, [Symbol.iterator]: synchronous } = given as {
    [Symbol.asyncIterator]?: () => AnyIterator;
    [Symbol.iterator]?: () => AnyIterator;
  };
  const begin = asynchronous ?? synchronous;
  if (typeof begin !== 'function') return undefined;
  const supply = new IteratorSupply(() => begin.call(given), typeof asynchronous === 'function');
  return isNodeStream(given) ? new NodeStreamSupply(given, supply) : supply;
}

class Whole implements Supply {
  readonly #bytes: Uint8Array;
  #isTaken = false;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  next(): Step {
    if (this.#isTaken) return END;
    this.#isTaken = true;
    return { done: false, value: this.#bytes };
  }

  end(): void {}
}

type AnyIterator = Iterator<unknown> | AsyncIterator<unknown>;

/** As `for await` goes over it. But it can be ended while a piece is awaited. */
class IteratorSupply implements Supply {
  readonly #begin: () => AnyIterator;
  readonly #isAsync: boolean;
  #iterator: AnyIterator | undefined;
  /** It has come to its end, or failed: it has closed itself. */
  #isOver = false;

  constructor(begin: () => AnyIterator, isAsync: boolean) {
    this.#begin = begin;
    this.#isAsync = isAsync;
  }

  next(): Step | PromiseLike<Step> {
    try {
      const step = this.#begun().next();
      return this.#isAsync ? this.#later(step) : this.#taken(step as Step);
    } catch (error) {
      this.#isOver = true;
      throw error;
    }
  }

  async #later(step: Step | PromiseLike<Step>): Promise<Step> {
    try {
      return await this.#taken(await step);
    } catch (error) {
      this.#isOver = true;
      throw error;
    }
  }

  #taken(step: Step): Step | PromiseLike<Step> {
    if (typeof step !== 'object' || step === null) {
      throw invalid('source', 'an iterable whose iterator gives objects with done and value', step);
    }
    if (step.done) {
      this.#isOver = true;
      return END;
    }
    const { value } = step;
    return this.#isAsync || !isThenable(value) ? { done: false, value } : this.#awaited(value);
  }

  /** A promise among the values of an iterator that is not asynchronous. */
  async #awaited(value: PromiseLike<unknown>): Promise<Step> {
    return { done: false, value: await value };
  }

  /** One that was never begun is begun and ended at once: whatever it has opened already is closed by that. */
  end(): unknown {
    return this.#isOver ? undefined : this.#begun().return?.();
  }

  #begun(): AnyIterator {
    this.#iterator ??= checkIterator(this.#begin());
    return this.#iterator;
  }
}

function checkIterator(value: AnyIterator): AnyIterator {
  if (typeof value !== 'object' || value === null || typeof value.next !== 'function') {
    throw invalid('source', 'an iterable that gives an iterator', value);
  }
  return value;
}

interface NodeStream {
  on(event: 'error', listener: () => void): unknown;
  destroy(): unknown;
}

class NodeStreamSupply implements Supply {
  readonly #stream: NodeStream;
  readonly #pieces: IteratorSupply;

  constructor(stream: NodeStream, pieces: IteratorSupply) {
    this.#stream = stream;
    this.#pieces = pieces;
    stream.on('error', () => {}); // its pieces end with the same error
  }

  next(): Step | PromiseLike<Step> {
    return this.#pieces.next();
  }

  /** Its iterator would wait for the piece that is awaited. */
  end(): void {
    this.#stream.destroy();
  }
}

class WebStreamSupply implements Supply {
  readonly #stream: ReadableStream<unknown>;
  #reader: ReadableStreamDefaultReader<unknown> | undefined;

  constructor(stream: ReadableStream<unknown>) {
    this.#stream = stream;
  }

  next(): PromiseLike<Step> {
    if (this.#reader === undefined && this.#stream.locked) {
      throw invalid('source', 'a ReadableStream that nobody else reads', this.#stream);
    }
    this.#reader ??= this.#stream.getReader();
    return this.#read(this.#reader);
  }

  async #read(reader: ReadableStreamDefaultReader<unknown>): Promise<Step> {
    const step = (await reader.read()) as Step;
    if (step.done) reader.releaseLock();
    return step;
  }

  /** Its iterator would wait for the piece that is awaited. */
  end(): unknown {
    if (this.#reader === undefined) return this.#stream.cancel();
    const cancelled = this.#reader.cancel();
    this.#reader.releaseLock();
    return cancelled;
  }
}

function isNodeStream(value: object): value is NodeStream {
  const { on, destroy } = value as Partial<NodeStream>;
  return typeof on === 'function' && typeof destroy === 'function';
}

function isWebStream(value: object): value is ReadableStream<unknown> {
  const { getReader, cancel } = value as Partial<ReadableStream<unknown>>;
  return typeof getReader === 'function' && typeof cancel === 'function';
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    typeof value === 'object' && value !== null && typeof (value as Partial<PromiseLike<unknown>>).then === 'function'
  );
}
