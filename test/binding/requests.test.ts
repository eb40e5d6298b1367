// The order in which writes are offered to the addon and settled, with the addon played by the test.

import { describe, expect, it } from '@jest/globals';
import { PackedRows } from '../../binding/packed-rows.js';
import { ALONE, Requests } from '../../binding/requests.js';

const WRITER = 1;
const unasked = () => {
  throw new Error('nothing was to be abandoned');
};

/** An addon whose queue has room for so many writes. */
function addon(requests: Requests, room: number) {
  const taken: string[] = [];
  const queue = {
    taken,
    room,
    write(name: string, writer: number, refuse = false) {
      return requests.startWrite(
        writer,
        (force) => {
          if (taken.length >= queue.room && !force) return false;
          if (refuse) throw new Error(`${name} is refused`);
          taken.push(name);
          return true;
        },
        () => {},
      );
    },
    settle(count: number, error?: Error) {
      requests.settle([0, error, count]);
    },
  };
  return queue;
}

describe('a write for which the queue has no room', () => {
  it('waits, with those called behind it, and is offered again when others have settled', async () => {
    const requests = new Requests();
    const queue = addon(requests, 1);
    const writes = ['a', 'b', 'c'].map((name) => queue.write(name, ALONE));
    expect(queue.taken).toEqual(['a']);
    queue.room = 2;
    queue.settle(1);
    expect(queue.taken).toEqual(['a', 'b']);
    queue.room = 3;
    queue.settle(1);
    expect(queue.taken).toEqual(['a', 'b', 'c']);
    queue.settle(1);
    await Promise.all(writes);
  });

  it('that is refused when it is offered again takes those of its writer with it, called before or after, and no other', async () => {
    const requests = new Requests();
    const queue = addon(requests, 1);
    const outcomes = Promise.allSettled([
      queue.write('a', WRITER),
      queue.write('b', WRITER, true),
      queue.write('c', WRITER),
      queue.write('alone', ALONE),
      queue.write('other', WRITER + 1),
    ]);
    queue.room = 10;
    queue.settle(1);
    expect(queue.taken).toEqual(['a', 'alone', 'other']);
    queue.settle(2);
    const reasons = (await outcomes).map((outcome) =>
      outcome.status === 'rejected' ? outcome.reason.message : 'written',
    );
    expect(reasons).toEqual([
      'written',
      'b is refused',
      expect.stringContaining('not attempted'),
      'written',
      'written',
    ]);
    expect(() => queue.write('d', WRITER)).toThrow(expect.objectContaining({ code: 'ABORTED' }));
  });

  it('is taken all the same where it must be', () => {
    const requests = new Requests();
    const queue = addon(requests, 0);
    for (const name of ['a', 'b']) queue.write(name, ALONE);
    requests.offerDeferred(true);
    expect(queue.taken).toEqual(['a', 'b']);
  });
});

describe('a read of several pages', () => {
  const toRows = (bytes: Buffer) => new PackedRows(bytes);
  const page = (rows: number) => {
    const bytes = Buffer.alloc(8 * rows + 4);
    bytes.writeUInt32LE(rows, 8 * rows);
    return bytes;
  };

  it('gives each page once, in order, whether it is awaited before or after it arrives', async () => {
    const requests = new Requests();
    let request = 0;
    const pages = requests.startPaged(
      (number) => {
        request = number;
      },
      unasked,
      toRows,
    );
    const first = pages.next();
    requests.settle([-request, undefined, page(1), -request, undefined, page(2)]);
    requests.settle([request, undefined, page(3)]);
    expect([(await first).count, (await pages.next()).count, (await pages.next()).count]).toEqual([1, 2, 3]);
  });

  it('ends with its failure, behind the pages before it', async () => {
    const requests = new Requests();
    let request = 0;
    const pages = requests.startPaged(
      (number) => {
        request = number;
      },
      unasked,
      toRows,
    );
    requests.settle([-request, undefined, page(1), request, new Error('damaged'), page(0)]);
    expect((await pages.next()).count).toBe(1);
    await expect(pages.next()).rejects.toThrow('damaged');
  });

  it('begins behind the writes that wait for room, and ahead of those called after it', async () => {
    const requests = new Requests();
    const queue = addon(requests, 1);
    for (const name of ['a', 'b']) queue.write(name, ALONE);
    requests.startPaged(() => queue.taken.push('read'), unasked, toRows);
    queue.write('c', ALONE);
    expect(queue.taken).toEqual(['a']);
    requests.offerDeferred(true);
    expect(queue.taken).toEqual(['a', 'b', 'read', 'c']);
  });

  it('that is refused when it comes to its turn fails alone', async () => {
    const requests = new Requests();
    const queue = addon(requests, 0);
    queue.write('a', ALONE);
    const pages = requests.startPaged(
      () => {
        throw new Error('refused');
      },
      unasked,
      toRows,
    );
    queue.write('b', ALONE);
    requests.offerDeferred(true);
    expect(queue.taken).toEqual(['a', 'b']);
    await expect(pages.next()).rejects.toThrow('refused');
  });
});

describe('a deferred write that is refused when its turn comes', () => {
  it('settles in the order of the calls', async () => {
    const requests = new Requests();
    const queue = addon(requests, 1);
    const settled: string[] = [];
    const note = (name: string, call: Promise<void>) =>
      call.then(
        () => settled.push(`${name} written`),
        () => settled.push(`${name} refused`),
      );
    const calls = [
      note('a', queue.write('a', ALONE)),
      note('b', queue.write('b', ALONE, true)),
      note('c', queue.write('c', ALONE)),
      note('d', queue.write('d', ALONE, true)),
    ];
    requests.offerDeferred(true);
    await Promise.resolve();
    expect(settled).toEqual([]);
    queue.settle(2);
    await Promise.all(calls);
    expect(settled).toEqual(['a written', 'b refused', 'c written', 'd refused']);
  });
});

describe('a write that is refused at its first offer', () => {
  it('throws, and fails nothing else of its writer', async () => {
    const requests = new Requests();
    const queue = addon(requests, 10);
    expect(() => queue.write('a', WRITER, true)).toThrow('a is refused');
    const written = queue.write('b', WRITER);
    queue.settle(1);
    await written;
  });
});
