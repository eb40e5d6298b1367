// A file as a power cut may find it: what its last sync has made durable, and what was done to it since.

/** A write, or a change of the size. */
export type FileChange = { offset: number; bytes: Buffer } | { size: number };

/** What a disk writes at once: a sector as a whole. What the operating system writes at once: a page. */
export const SECTOR = 512;
export const PAGE = 4096;

export class UnsyncedFile {
  #synced: Buffer;
  #isOwn = false;
  #length: number;
  /** Since the last sync, in their order. */
  readonly changes: FileChange[] = [];

  constructor(bytes: Buffer = Buffer.alloc(0)) {
    this.#synced = bytes;
    this.#length = bytes.length;
  }

  /** What is durable. Valid until the next {@link sync}. */
  get synced(): Buffer {
    return this.#synced.subarray(0, this.#length);
  }

  sync(): void {
    for (const change of this.changes.splice(0)) {
      if ('size' in change) {
        this.#reserve(change.size);
        this.#synced.fill(0, Math.min(change.size, this.#length));
        this.#length = change.size;
      } else {
        const end = change.offset + change.bytes.length;
        this.#reserve(end);
        change.bytes.copy(this.#synced, change.offset);
        this.#length = Math.max(this.#length, end);
      }
    }
  }

  /** Copies where it must grow, and before the first change: the bytes that it began with are somebody else's. */
  #reserve(length: number): void {
    if (length <= this.#synced.length && this.#isOwn) return;
    const grown = Buffer.alloc(Math.max(length, 2 * this.#length));
    this.synced.copy(grown);
    this.#synced = grown;
    this.#isOwn = true;
  }

  /** The size after the first `count` changes. */
  sizeAfter(count: number): number {
    let size = this.#length;
    for (const change of this.changes.slice(0, count)) {
      size = 'size' in change ? change.size : Math.max(size, change.offset + change.bytes.length);
    }
    return size;
  }

  /** `[from, to)` as the first `count` changes leave it; zeros past the end. */
  piece(from: number, to: number, count: number): Buffer {
    const piece = Buffer.alloc(to - from);
    if (from < this.#length) this.synced.copy(piece, 0, from, to);
    for (const change of this.changes.slice(0, count)) {
      if ('size' in change) {
        if (change.size < to) piece.fill(0, Math.max(0, change.size - from));
        continue;
      }
      const { offset, bytes } = change;
      if (offset < to && offset + bytes.length > from) {
        bytes.copy(piece, Math.max(0, offset - from), Math.max(0, from - offset), Math.max(0, to - offset));
      }
    }
    return piece;
  }

  /** The whole of it, as the first `count` changes leave it. */
  bytesAfter(count: number): Buffer {
    return count === 0 ? Buffer.from(this.synced) : this.piece(0, this.sizeAfter(count), count);
  }

  /** Where the pieces of `unit` bytes lie that a change has touched. */
  touched(unit: number): number[] {
    const found = new Set<number>();
    let size = this.#length;
    const add = (from: number, to: number) => {
      for (let at = from - (from % unit); at < to; at += unit) found.add(at);
    };
    for (const change of this.changes) {
      if ('size' in change) {
        add(change.size, size);
        size = change.size;
      } else {
        const end = change.offset + change.bytes.length;
        add(change.offset, end);
        size = Math.max(size, end);
      }
    }
    return [...found].sort((a, b) => a - b);
  }
}
