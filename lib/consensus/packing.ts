// Numbers, byte strings, ballots and stop-signs as they cross to the engine and back: engine/src/bytes.rs in TypeScript.

import { PackedEntries } from '../contract/packed-entries.js';
import type { Ballot, NodeId, StopSign } from '../contract/storage.js';

const TWO_TO_32 = 2 ** 32;
/** Of a number that is exact. */
const MAX_SAFE_HIGH = 2 ** 21 - 1;
const FIRST_SIZE = 256;
/** What a writer keeps. */
const KEPT_BYTES = 4 * 1024 * 1024;

/** Grows as it is written to. */
export class PackedWriter {
  #bytes: Buffer;
  #length = 0;

  constructor() {
    this.#bytes = Buffer.allocUnsafe(FIRST_SIZE);
  }

  /** Forgets what was written, and keeps the memory for what comes next, unless that is a lot. */
  clear(): this {
    if (this.#bytes.length > KEPT_BYTES) this.#bytes = Buffer.allocUnsafe(FIRST_SIZE);
    this.#length = 0;
    return this;
  }

  get length(): number {
    return this.#length;
  }

  get bytes(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  u8(value: number): this {
    this.#room(1);
    this.#length = this.#bytes.writeUInt8(value, this.#length);
    return this;
  }

  flag(value: boolean): this {
    return this.u8(value ? 1 : 0);
  }

  u32(value: number): this {
    this.#room(4);
    this.#length = this.#bytes.writeUInt32LE(value, this.#length);
    return this;
  }

  u64(value: NodeId): this {
    if (typeof value === 'bigint') {
      this.#room(8);
      this.#length = this.#bytes.writeBigUInt64LE(value, this.#length);
      return this;
    }
    return this.u32(value % TWO_TO_32).u32(Math.floor(value / TWO_TO_32)); // a third of the time of a bigint
  }

  raw(bytes: Uint8Array): this {
    this.#room(bytes.byteLength);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.byteLength;
    return this;
  }

  byteString(bytes: Uint8Array): this {
    return this.u32(bytes.byteLength).raw(bytes);
  }

  ballot({ configId, n, priority, pid }: Ballot): this {
    return this.u32(configId).u32(n).u32(priority).u64(pid);
  }

  stopsign({ nextConfig: { configurationId, nodes, flexibleQuorum }, metadata }: StopSign): this {
    this.u32(configurationId).u32(nodes.length);
    for (const node of nodes) this.u64(node);
    this.flag(flexibleQuorum !== undefined);
    if (flexibleQuorum !== undefined) this.u32(flexibleQuorum.readQuorumSize).u32(flexibleQuorum.writeQuorumSize);
    this.flag(metadata !== undefined);
    return metadata === undefined ? this : this.byteString(metadata);
  }

  #room(size: number): void {
    const needed = this.#length + size;
    if (needed <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(needed, this.#bytes.length * 2));
    larger.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = larger;
  }
}

/** Byte strings, packed one behind the other as they are added. */
export class ByteStrings {
  readonly #packed = new PackedWriter();
  #count = 0;

  /** Copies `bytes`. */
  add(bytes: Uint8Array): this {
    this.#packed.byteString(bytes);
    this.#count++;
    return this;
  }

  clear(): void {
    this.#packed.clear();
    this.#count = 0;
  }

  get count(): number {
    return this.#count;
  }

  /** Of all of them, lengths included. */
  get byteLength(): number {
    return this.#packed.length;
  }

  get bytes(): Buffer {
    return this.#packed.bytes;
  }
}

/** Of bytes that come from the engine, which packs them right: nothing is checked. */
export class PackedReader {
  readonly #bytes: Buffer;
  #at: number;

  constructor(bytes: Buffer, start = 0) {
    this.#bytes = bytes;
    this.#at = start;
  }

  u8(): number {
    return this.#bytes.readUInt8(this.#skip(1));
  }

  flag(): boolean {
    return this.u8() === 1;
  }

  u32(): number {
    return this.#bytes.readUInt32LE(this.#skip(4));
  }

  u64(): NodeId {
    const start = this.#skip(8);
    const high = this.#bytes.readUInt32LE(start + 4);
    if (high > MAX_SAFE_HIGH) return this.#bytes.readBigUInt64LE(start);
    return high * TWO_TO_32 + this.#bytes.readUInt32LE(start);
  }

  /** The engine keeps every index below 2^53. */
  index(): number {
    return Number(this.u64());
  }

  /** A view. */
  byteString(): Buffer {
    const length = this.u32();
    const start = this.#skip(length);
    return this.#bytes.subarray(start, start + length);
  }

  /** A copy where a view would keep much else that came with them. */
  entries(): PackedEntries {
    const count = this.u32();
    const start = this.#at;
    for (let left = count; left > 0; left--) this.#skip(this.u32());
    const view = this.#bytes.subarray(start, this.#at);
    return new PackedEntries(view.length * 2 > this.#bytes.length ? view : Buffer.from(view), count);
  }

  text(): string {
    return this.byteString().toString();
  }

  list<V>(item: () => V): V[] {
    const items: V[] = [];
    for (let left = this.u32(); left > 0; left--) items.push(item());
    return items;
  }

  ballot(): Ballot {
    return { configId: this.u32(), n: this.u32(), priority: this.u32(), pid: this.u64() };
  }

  stopsign(): StopSign {
    const stopsign: StopSign = { nextConfig: { configurationId: this.u32(), nodes: this.list(() => this.u64()) } };
    if (this.flag()) stopsign.nextConfig.flexibleQuorum = { readQuorumSize: this.u32(), writeQuorumSize: this.u32() };
    if (this.flag()) stopsign.metadata = Buffer.from(this.byteString());
    return stopsign;
  }

  #skip(length: number): number {
    const start = this.#at;
    this.#at += length;
    return start;
  }
}
