import { describe, expect, it } from '@jest/globals';
import { Outbox } from '../../../lib/consensus/outbox.js';
import { settled } from '../../support/runners.js';

const message = (...content: number[]) => Uint8Array.from(content);

/** A sink whose promises wait for `go`. */
function slowSink() {
  const sent: [number, number][] = [];
  const waiting: (() => void)[] = [];
  const send = (to: number, bytes: Uint8Array) => {
    sent.push([to, bytes[0] as number]);
    return new Promise<void>((resolve) => waiting.push(resolve));
  };
  return { sent, sink: { send }, go: () => waiting.shift()?.() };
}

describe('a sink that hangs', () => {
  it('holds up the messages to that peer alone, and the oldest of them are dropped', async () => {
    const { sent, sink, go } = slowSink();
    const outbox = new Outbox(sink, { messages: 2, bytes: 100 });
    for (let i = 0; i < 5; i++) outbox.send({ to: 1, bytes: message(i) });
    outbox.send({ to: 2, bytes: message(9) });
    expect(sent).toEqual([
      [1, 0],
      [2, 9],
    ]);
    for (let i = 0; i < 4; i++) {
      go();
      await settled();
    }
    expect(sent.slice(2)).toEqual([
      [1, 3],
      [1, 4],
    ]);
  });

  it('drops by bytes, and never the newest', async () => {
    const { sent, sink, go } = slowSink();
    const outbox = new Outbox(sink, { messages: 100, bytes: 4 });
    for (const first of [0, 1, 2]) outbox.send({ to: 1, bytes: message(first, 0, 0, 0, 0) });
    go();
    await settled();
    expect(sent).toEqual([
      [1, 0],
      [1, 2],
    ]);
  });

  it('is given nothing more once the outbox is closed', async () => {
    const { sent, sink, go } = slowSink();
    const outbox = new Outbox(sink);
    outbox.send({ to: 1, bytes: message(0) });
    outbox.send({ to: 1, bytes: message(1) });
    outbox.close();
    go();
    await settled();
    outbox.send({ to: 1, bytes: message(2) });
    expect(sent).toEqual([[1, 0]]);
  });
});

describe('a sink that throws or rejects', () => {
  it('has lost the message, and is given the next', async () => {
    const sent: number[] = [];
    const outbox = new Outbox({
      send: (_, bytes) => {
        sent.push(bytes[0] as number);
        if (bytes[0] === 0) throw new Error('thrown');
        return Promise.reject(new Error('rejected'));
      },
    });
    for (let i = 0; i < 3; i++) outbox.send({ to: 1, bytes: message(i) });
    await settled();
    expect(sent).toEqual([0, 1, 2]);
  });

  it('may send more from within send', () => {
    const sent: number[] = [];
    const outbox: Outbox = new Outbox({
      send: (to, bytes) => {
        sent.push(bytes[0] as number);
        if (sent.length < 3) outbox.send({ to, bytes: message(sent.length) });
      },
    });
    outbox.send({ to: 1, bytes: message(0) });
    expect(sent).toEqual([0, 1, 2]);
  });

  it('keeps no more of a message that waits than its bytes', async () => {
    const sent: Uint8Array[] = [];
    let go = () => {};
    const outbox = new Outbox({
      send(_, bytes) {
        sent.push(bytes);
        return sent.length === 1 ? new Promise<void>((resolve) => (go = resolve)) : undefined;
      },
    });
    const step = Buffer.alloc(1024 * 1024, 7);
    outbox.send({ to: 2, bytes: step.subarray(0, 10) });
    outbox.send({ to: 2, bytes: step.subarray(10, 20) });
    go();
    await settled();
    expect(sent.map(({ buffer }) => buffer.byteLength < 64 * 1024)).toEqual([false, true]);
    expect(sent[1]).toEqual(step.subarray(10, 20));
  });
});
