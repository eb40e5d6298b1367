// What the keys of all records are made of.

/** Printable as it is, anything else as hexadecimal. */
export function showKey(key: Uint8Array): string {
  const text = Buffer.from(key).toString('latin1');
  return /^[ -~]*$/.test(text) ? JSON.stringify(text) : `0x${Buffer.from(key).toString('hex')}`;
}

/** `value` is a safe integer. Byte by byte: for each entry appended, and Buffer's own way checks what is known here. */
export function writeU64(target: Uint8Array, at: number, value: number): void {
  const high = Math.floor(value / 2 ** 32);
  const low = value >>> 0;
  target[at] = high >>> 24;
  target[at + 1] = high >>> 16;
  target[at + 2] = high >>> 8;
  target[at + 3] = high;
  target[at + 4] = low >>> 24;
  target[at + 5] = low >>> 16;
  target[at + 6] = low >>> 8;
  target[at + 7] = low;
}

/** Not a safe integer where the u64 is not. */
export function readU64(source: Buffer, at: number): number {
  return source.readUInt32BE(at) * 2 ** 32 + source.readUInt32BE(at + 4);
}
