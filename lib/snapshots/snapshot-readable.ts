import { Readable } from 'node:stream';
import type { ChunkReader } from './chunk-reader.js';
import type { SnapshotInfo, SnapshotStream } from './snapshot.js';

/** A snapshot as a stream. Ended, failed, destroyed or aborted, it releases its reader. */
export class SnapshotReadable extends Readable implements SnapshotStream {
  readonly snapshot: SnapshotInfo;
  readonly #chunks: ChunkReader;
  readonly #signal: AbortSignal | undefined;
  readonly #abort = () => {
    this.destroy(this.#signal?.reason);
  };

  /** `signal` must not have aborted. */
  constructor(snapshot: SnapshotInfo, chunks: ChunkReader, chunkBytes: number, signal: AbortSignal | undefined) {
    super({ highWaterMark: chunkBytes }); // one chunk ready while another is being consumed
    this.snapshot = snapshot;
    this.#chunks = chunks;
    this.#signal = signal;
    signal?.addEventListener('abort', this.#abort, { once: true });
  }

  override _read(): void {
    this.#chunks.next().then(
      (bytes) => this.push(bytes ?? null),
      (error) => this.destroy(error),
    );
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#signal?.removeEventListener('abort', this.#abort);
    this.#chunks.release().then(() => done(error));
  }
}
