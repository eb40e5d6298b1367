import { describe, expect, it } from '@jest/globals';
import { InputQueue } from '../../../lib/consensus/input-queue.js';

describe('InputQueue', () => {
  it('makes a step of about 4 MiB of proposals, and no more', () => {
    const queue = new InputQueue();
    for (let i = 0; i < 10; i++) queue.proposal(Buffer.alloc(1024 * 1024));
    const counts: (number | undefined)[] = [];
    for (let input = queue.take(); input !== undefined; input = queue.take()) counts.push(input.proposals?.count);
    expect(counts).toEqual([4, 4, 2]);
  });

  it('uses the memory of a step again, and nothing of what was in it', () => {
    const queue = new InputQueue();
    queue.proposal(Buffer.from('one'));
    const first = queue.take();
    expect(first?.proposals?.count).toBe(1);
    if (first !== undefined) queue.done(first);
    queue.proposal(Buffer.from('two'));
    const second = queue.take();
    expect(second?.proposals).toBe(first?.proposals);
    expect(second?.proposals?.bytes.subarray(4).toString()).toBe('two');
  });
});
