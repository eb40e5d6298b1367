import { describe, expect, it } from '@jest/globals';
import { MemNetwork } from '../../../lib/testing/index.js';

function networkOf(...pids: number[]) {
  const network = new MemNetwork();
  const received: string[] = [];
  const sinks = new Map(
    pids.map((pid) => {
      const sink = network.register(pid, (from, message) => received.push(`${from} to ${pid}: ${message}`));
      return [pid, sink] as const;
    }),
  );
  const send = (from: number, to: number, ...bytes: number[]) => sinks.get(from)?.send(to, Uint8Array.from(bytes));
  return { network, received, send };
}

describe('MemNetwork', () => {
  it('delivers in order, when it is told to', () => {
    const { network, received, send } = networkOf(1, 2);
    send(1, 2, 7);
    send(2, 1, 8);
    expect(received).toEqual([]);
    expect(network.deliverOne()).toBe(true);
    expect(received).toEqual(['1 to 2: 7']);
    expect(network.deliver()).toBe(1);
    expect(network.deliverOne()).toBe(false);
    expect(received).toEqual(['1 to 2: 7', '2 to 1: 8']);
  });

  it('delivers what is sent meanwhile', () => {
    const network = new MemNetwork();
    let left = 5;
    const sinks = [1, 2].map((pid) => {
      return network.register(pid, (from, message) => {
        if (left-- > 0) void sinks[pid - 1]?.send(from, message);
      });
    });
    void sinks[0]?.send(2, new Uint8Array());
    expect(network.deliver()).toBe(6);
  });

  it('copies what is sent', () => {
    const { network, received } = networkOf(2);
    const bytes = Uint8Array.of(1);
    void network.register(1, () => {}).send(2, bytes);
    bytes[0] = 9;
    network.deliver();
    expect(received).toEqual(['1 to 2: 1']);
  });

  it('loses what is for nobody, and what was under way to one who registers again', () => {
    const { network, received, send } = networkOf(1, 2);
    send(1, 3, 1);
    send(1, 2, 2);
    network.register(2, (from) => received.push(`anew from ${from}`));
    expect(network.deliver()).toBe(0);
    send(2, 1, 3); // by the sink of the earlier life
    expect(network.deliver()).toBe(0);
    send(1, 2, 4);
    network.deliver();
    expect(received).toEqual(['anew from 1']);
  });

  it('throws what a receiver throws, and goes on with the others', () => {
    const { network, received, send } = networkOf(2);
    const sink = network.register(1, () => {
      throw new Error('not now');
    });
    send(2, 1, 1);
    void sink.send(2, Uint8Array.of(2));
    expect(() => network.deliver()).toThrow('not now');
    network.deliver();
    expect(received).toEqual(['1 to 2: 2']);
  });

  it('refuses what is no pid', () => {
    expect(() => new MemNetwork().register(0, () => {})).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
  });
});

describe('PartitionController', () => {
  const ways = (network: MemNetwork) =>
    [1, 2, 3].flatMap((from) =>
      [1, 2, 3].flatMap((to) => (from !== to && network.partition.isBlocked(from, to) ? [`${from}${to}`] : [])),
    );

  it('cuts one direction, or all ways of one replica, until told otherwise', () => {
    const { network } = networkOf(1, 2, 3);
    const { partition } = network;
    partition.block(1, 2);
    expect(ways(network)).toEqual(['12']);
    partition.isolate(3);
    expect(ways(network)).toEqual(['12', '13', '23', '31', '32']);
    partition.unblock(1, 2);
    partition.block(3, 1);
    partition.restore(3);
    expect(ways(network)).toEqual(['31']);
    partition.isolate(2);
    partition.heal();
    expect(ways(network)).toEqual([]);
  });

  it('loses what is sent on a way that is cut, and what is under way when it is', () => {
    const { network, received, send } = networkOf(1, 2, 3);
    send(1, 2, 1);
    network.partition.block(1, 2);
    send(1, 2, 2);
    send(2, 1, 3);
    network.deliver();
    network.partition.heal();
    network.deliver();
    expect(received).toEqual(['2 to 1: 3']);
  });

  it('refuses what is no pid', () => {
    const { partition } = new MemNetwork();
    expect(() => partition.block(1, -1)).toThrow('to must be a pid');
  });
});
