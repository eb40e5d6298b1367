import { PackedEntries } from '../../lib/contract/packed-entries.js';

/** `entries` as the engine packs them. */
export function packed(entries: readonly string[]): PackedEntries {
  const parts = entries.flatMap((entry) => {
    const length = Buffer.alloc(4);
    length.writeUInt32LE(Buffer.byteLength(entry));
    return [length, Buffer.from(entry)];
  });
  return new PackedEntries(Buffer.concat(parts), entries.length);
}
