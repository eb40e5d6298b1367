import { inspect } from 'node:util';
import type { Codec } from '../contract/codec.js';

/**
 * Entries that already are bytes: stored as they are, behind the version byte. A decoded one is a Buffer with a copy of its
 * own: a short one lies in a slab of 8 KiB, as Node's own short buffers do, a longer one in memory that it shares with nothing.
 * Keeping one entry of a long read keeps no more than its slab in memory.
 */
export const rawCodec: Codec<Uint8Array> = {
  encode(value) {
    if (!(value instanceof Uint8Array))
      throw new TypeError(`rawCodec takes a Uint8Array, not ${inspect(value, { depth: 0 })}`);
    return value;
  },
  decode(bytes) {
    const copy = Buffer.allocUnsafe(bytes.byteLength); // from Node's pool where short, and quicker than Buffer.from
    copy.set(bytes);
    return copy;
  },
};

/** @internal Whether what `codec` stores is the entry itself. */
export function isRawCodec(codec: { encode: unknown; decode: unknown }): boolean {
  return codec.encode === rawCodec.encode && codec.decode === rawCodec.decode;
}
