/**
 * One line of JSON. What JSON has no form for is given the nearest it has: a bigint its decimal digits as a string, bytes
 * their base64.
 */
export function toJson(value: unknown): string {
  return JSON.stringify(value, function (this: Record<string, unknown>, key: string, part: unknown) {
    const original = this[key]; // `part` has been through toJSON, which a Buffer has
    if (original instanceof Uint8Array) return Buffer.from(original).toString('base64');
    return typeof part === 'bigint' ? part.toString() : part;
  });
}
