// Bytes as they come to frames. It holds what has come of one frame and never more, whatever a length claims.

import { checkPreface, HEAD_BYTES, MAX_CONTROL_BYTES, malformed, PREFACE_BYTES, TYPE } from './frames.js';

export interface Frame {
  type: number;
  payload: Buffer;
  /** Whether the payload's memory holds nothing else; otherwise it is a view of what has come with it. */
  isOwn: boolean;
}

const FIRST_BYTES = 64 * 1024;

export class FrameReader {
  /** Of the payload of a message. All others have 4 KiB at most. */
  maxMessageBytes = MAX_CONTROL_BYTES;
  readonly #head = Buffer.alloc(PREFACE_BYTES);
  #headLength = 0;
  #headWanted = PREFACE_BYTES;
  #isPreface = true;
  /** Of a frame that came in pieces: as far as it has come, with room to grow. */
  #payload: Buffer | undefined;
  #received = 0;

  /**
   * The frames that end within `chunk`. To be taken all, or no further chunk be read.
   * @throws ConsensusError MALFORMED_MESSAGE: no later byte makes sense
   */
  *read(chunk: Buffer): Generator<Frame, void> {
    let at = 0;
    while (at < chunk.length) {
      if (this.#payload === undefined) {
        at = this.#fillHead(chunk, at);
        if (this.#headLength < this.#headWanted) return;
        if (this.#isPreface) {
          checkPreface(this.#head);
          this.#isPreface = false;
          this.#expectHead();
          continue;
        }
        const length = this.#checkLength();
        if (chunk.length - at < length) {
          this.#payload = Buffer.allocUnsafeSlow(Math.min(length, FIRST_BYTES));
          this.#received = 0;
          continue;
        }
        const frame = { type: this.#type, payload: chunk.subarray(at, at + length), isOwn: false };
        at += length;
        this.#expectHead();
        yield frame;
      } else {
        at = this.#fillPayload(this.#payload, chunk, at);
        if (this.#received < this.#length) return;
        const frame = { type: this.#type, payload: this.#payload, isOwn: true };
        this.#payload = undefined;
        this.#expectHead();
        yield frame;
      }
    }
  }

  get #length(): number {
    return this.#head.readUInt32LE(0);
  }

  get #type(): number {
    return this.#head.readUInt8(4);
  }

  #expectHead(): void {
    this.#headLength = 0;
    this.#headWanted = HEAD_BYTES;
  }

  #fillHead(chunk: Buffer, at: number): number {
    const end = Math.min(chunk.length, at + this.#headWanted - this.#headLength);
    this.#headLength += chunk.copy(this.#head, this.#headLength, at, end);
    return end;
  }

  #checkLength(): number {
    const length = this.#length;
    const limit = this.#type === TYPE.message ? this.maxMessageBytes : MAX_CONTROL_BYTES;
    if (length > limit) throw malformed(`a frame of it has ${length} bytes, more than ${limit}`);
    return length;
  }

  /** Memory doubles as bytes come: a peer must send what it makes us hold. */
  #fillPayload(payload: Buffer, chunk: Buffer, at: number): number {
    const end = Math.min(chunk.length, at + this.#length - this.#received);
    const needed = this.#received + end - at;
    let room = payload;
    if (needed > payload.length) {
      room = Buffer.allocUnsafeSlow(Math.min(this.#length, Math.max(needed, 2 * payload.length)));
      payload.copy(room, 0, 0, this.#received);
      this.#payload = room;
    }
    chunk.copy(room, this.#received, at, end);
    this.#received = needed;
    return end;
  }
}
