import { Readable } from 'node:stream';
import type { ChunkReader } from './chunk-reader.js';
import type { SnapshotInfo, SnapshotStream } from './snapshot.js';

/** A snapshot as a stream. Ended, failed or destroyed, it lets go of what its reader holds. */
export class SnapshotReadable extends Readable implements SnapshotStream {
  readonly snapshot: SnapshotInfo;
  readonly #chunks: ChunkReader;

  constructor(snapshot: SnapshotInfo, chunks: ChunkReader, chunkBytes: number) {
    super({ highWaterMark: chunkBytes }); // one chunk ready while another is being consumed
    this.snapshot = snapshot;
    this.#chunks = chunks;
  }

  override _read(): void {
    this.#chunks.next().then(
      (bytes) => this.push(bytes ?? null),
      (error) => this.destroy(error),
    );
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#chunks.release().then(
      () => done(error),
      () => done(error), // what could not be released is what the stream has failed with already
    );
  }
}
