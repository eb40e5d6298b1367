// Reads a packed batch, in the format that native/core/batch_format.h writes down.

import type { PackedBatch } from '../../binding/packed-batch.js';

const OPERATIONS = [undefined, 'put', 'delete', 'deleteRange'] as const;

const PUT_RUN = 4;

/** A run is as many puts. */
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
    const firstEnd = at + 13 + bytes.readUInt32LE(at + 5);
    const secondEnd = firstEnd + bytes.readUInt32LE(at + 9);
    if (bytes.readUInt8(at) === PUT_RUN) {
      records.push(...putsOf(bytes.subarray(at + 13, firstEnd), bytes.subarray(firstEnd, secondEnd)));
      at = secondEnd;
      continue;
    }
    if (operation === undefined) throw new Error(`no operation at byte ${at}`);
    records.push({ operation, first: bytes.subarray(at + 13, firstEnd), second: bytes.subarray(firstEnd, secondEnd) });
    at = secondEnd;
  }
  return records;
}

function putsOf(firstKey: Buffer, run: Buffer): PackedRecord[] {
  const records: PackedRecord[] = [];
  const headEnd = 1 + run.readUInt8(0);
  const counterAt = firstKey.length - 8;
  for (let at = headEnd; at < run.length; ) {
    const first = Buffer.from(firstKey);
    first.writeBigUInt64BE(first.readBigUInt64BE(counterAt) + BigInt(records.length), counterAt);
    const end = at + 4 + run.readUInt32LE(at);
    records.push({
      operation: 'put',
      first,
      second: Buffer.concat([run.subarray(1, headEnd), run.subarray(at + 4, end)]),
    });
    at = end;
  }
  return records;
}
