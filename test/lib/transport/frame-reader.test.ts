import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { FrameReader } from '../../../lib/transport/frame-reader.js';
import {
  BEAT,
  joinFrame,
  leaveFrame,
  messagePieces,
  preface,
  readChannel,
  readJoin,
  TYPE,
} from '../../../lib/transport/frames.js';
import { JOIN } from '../../support/transports.js';

function readAll(chunks: readonly Buffer[], maxMessageBytes = 2 ** 20): { type: number; payload: Buffer }[] {
  const reader = new FrameReader();
  reader.maxMessageBytes = maxMessageBytes;
  const frames = [];
  for (const chunk of chunks) {
    for (const { type, payload } of reader.read(chunk)) frames.push({ type, payload: Buffer.from(payload) });
  }
  return frames;
}

const message = (bytes: Uint8Array) => Buffer.concat(messagePieces(7, bytes));

describe('frames', () => {
  it('are read as they were written, wherever the bytes are cut', () => {
    const messages = fc.array(
      fc.oneof(fc.uint8Array({ maxLength: 40 }), fc.uint8Array({ minLength: 70_000, maxLength: 200_000 })),
    );
    fc.assert(
      fc.property(messages, fc.array(fc.integer({ min: 1, max: 50_000 })), (all, cuts) => {
        const bytes = Buffer.concat([preface(), ...all.flatMap((each) => [BEAT, message(each)]), leaveFrame(3)]);
        const chunks: Buffer[] = [];
        let at = 0;
        for (const cut of cuts) {
          chunks.push(bytes.subarray(at, at + cut));
          at += cut;
        }
        chunks.push(bytes.subarray(at));
        const frames = readAll(chunks);
        const read = frames.filter(({ type }) => type === TYPE.message).map(({ payload }) => payload.subarray(4));
        expect(Buffer.concat(read).equals(Buffer.concat(all))).toBe(true);
        expect(read.map(({ length }) => length)).toEqual(all.map(({ length }) => length));
        expect(frames.filter(({ type }) => type === TYPE.beat)).toHaveLength(all.length);
        expect(frames.at(-1)).toEqual({ type: TYPE.leave, payload: Buffer.from([3, 0, 0, 0]) });
      }),
      { numRuns: 50 },
    );
  });

  it('are read byte by byte', () => {
    const bytes = Buffer.concat([preface(), joinFrame(JOIN), message(Buffer.from('abc'))]);
    const frames = readAll([...bytes].map((byte) => Buffer.from([byte])));
    expect(readJoin(frames[0]?.payload as Buffer)).toEqual(JOIN);
    expect(readChannel(frames[1]?.payload as Buffer)).toBe(7);
    expect(String(frames[1]?.payload.subarray(4))).toBe('abc');
  });

  it('are refused by the length they claim, before their bytes come', () => {
    const head = Buffer.from([0xff, 0xff, 0xff, 0xff, TYPE.message]);
    expect(() => readAll([preface(), head])).toThrow(/4294967295 bytes/);
    expect(() => readAll([preface(), message(Buffer.alloc(5000))], 4096)).toThrow(/5004 bytes, more than 4096/);
    const join = Buffer.from([0, 0x11, 0, 0, TYPE.join]);
    expect(() => readAll([preface(), join])).toThrow(/4352 bytes, more than 4096/);
  });

  it('hold no more memory than has come of them', () => {
    const reader = new FrameReader();
    reader.maxMessageBytes = 2 ** 31;
    const before = process.memoryUsage().arrayBuffers;
    const head = Buffer.from([0, 0, 0, 0x70, TYPE.message]);
    for (const bytes of [preface(), head, Buffer.alloc(300_000)]) expect([...reader.read(bytes)]).toEqual([]);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2_000_000);
  });

  it.each([
    ['garbage', Buffer.from('GET / HTTP/1.1\r\n'), /does not speak this protocol/],
    ['another version', Buffer.concat([preface().subarray(0, 8), Buffer.from([2, 0, 0, 0])]), /version 2/],
  ])('are not looked for behind %s', (_, bytes, message) => {
    expect(() => readAll([bytes])).toThrow(message);
    expect(() => readAll([bytes])).toThrow(expect.objectContaining({ code: 'MALFORMED_MESSAGE' }));
  });
});
