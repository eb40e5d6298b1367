// Reads a packed batch, in the format that native/core/batch_format.h writes down.

import type { PackedBatch } from '../../binding/packed-batch.js';

const OPERATIONS = [undefined, 'put', 'delete', 'deleteRange'] as const;

export interface PackedRecord {
  operation: 'put' | 'delete' | 'deleteRange';
  first: Buffer;
  second: Buffer;
}

export function recordsOf(batch: PackedBatch): PackedRecord[] {
  const bytes = Buffer.from(batch.bytes.subarray(0, batch.byteLength));
  const records: PackedRecord[] = [];
  for (let at = 0; at < bytes.length; ) {
    const operation = OPERATIONS[bytes.readUInt8(at)];
    if (operation === undefined) throw new Error(`no operation at byte ${at}`);
    const firstEnd = at + 13 + bytes.readUInt32LE(at + 5);
    const secondEnd = firstEnd + bytes.readUInt32LE(at + 9);
    records.push({ operation, first: bytes.subarray(at + 13, firstEnd), second: bytes.subarray(firstEnd, secondEnd) });
    at = secondEnd;
  }
  return records;
}
