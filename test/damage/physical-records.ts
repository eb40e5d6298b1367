// The records of a WAL or MANIFEST as RocksDB lays them out: in blocks of 32 KiB, a header before each piece.
//
//   | field      | bytes | content                                                                    |
//   |------------|-------|----------------------------------------------------------------------------|
//   | checksum   | 4     | masked CRC-32C                                                             |
//   | length     | 2     | of what follows the header, little-endian                                  |
//   | type       | 1     | 0 is none; those of a file that is used again are 5 to 8, 11, and 131      |
//   | log number | 4     | only in those: the file's number, by which what it held before is told     |

export interface PhysicalRecord {
  start: number;
  end: number;
}

const BLOCK_BYTES = 32 * 1024;
const HEADER_BYTES = 7;
const RECYCLABLE_HEADER_BYTES = 11;
const RECYCLABLE = new Set([5, 6, 7, 8, 11, 131]);

/** Those of a whole file, up to where it ends or what it held before begins. */
export function recordsOf(file: Buffer, name: string): PhysicalRecord[] {
  const records: PhysicalRecord[] = [];
  for (let at = 0; at + HEADER_BYTES <= file.length; ) {
    const left = BLOCK_BYTES - (at % BLOCK_BYTES);
    if (left < HEADER_BYTES) {
      at += left;
      continue;
    }
    const type = file[at + 6] as number;
    const isRecyclable = RECYCLABLE.has(type);
    // Too little room for a longer header is left empty, like too little for any.
    if (type === 0 && left < RECYCLABLE_HEADER_BYTES) {
      at += left;
      continue;
    }
    if (type === 0) break;
    if (isRecyclable && file.readUInt32LE(at + HEADER_BYTES) !== Number.parseInt(name, 10)) break;
    const end = at + (isRecyclable ? RECYCLABLE_HEADER_BYTES : HEADER_BYTES) + file.readUInt16LE(at + 4);
    if (end > file.length) break;
    records.push({ start: at, end });
    at = end;
  }
  return records;
}
