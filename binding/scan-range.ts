import { checkBoolean, checkOptionalBytes, checkOptionalInteger, checkOptions } from './arguments.js';
import type { NativeScanArguments } from './native-addon.js';

/** Which rows, and how many. Keys are compared byte by byte. Of two bounds on one side, the narrower holds. */
export interface ScanRange {
  /** From this key on. */
  gte?: Uint8Array;
  /** From behind this key on. */
  gt?: Uint8Array;
  /** Up to this key. */
  lte?: Uint8Array;
  /** Up to before this key. */
  lt?: Uint8Array;
  /** From the last row to the first. Default false. */
  reverse?: boolean;
  /** At most so many rows. Default: no limit. */
  limit?: number;
  /** Stop after the row that reaches this many bytes of keys and values. Default: no limit. */
  maxBytes?: number;
}

const NAMES = ['gte', 'gt', 'lte', 'lt', 'reverse', 'limit', 'maxBytes'];

/** @internal */
export function toNativeRange(family: number, given: ScanRange | undefined): NativeScanArguments {
  const range = checkOptions('range', given, NAMES);
  const gte = checkOptionalBytes('gte', range.gte);
  const gt = checkOptionalBytes('gt', range.gt);
  const lte = checkOptionalBytes('lte', range.lte);
  const lt = checkOptionalBytes('lt', range.lt);
  return [
    family,
    narrower(gte, gt && successor(gt), (a, b) => a > b),
    narrower(lt, lte && successor(lte), (a, b) => a < b),
    checkBoolean('reverse', range.reverse, false),
    checkOptionalInteger('limit', range.limit, 0),
    checkOptionalInteger('maxBytes', range.maxBytes, 1),
  ];
}

/** The first key after `key`: the same with a zero byte behind it. */
function successor(key: Uint8Array): Uint8Array {
  const next = new Uint8Array(key.byteLength + 1);
  next.set(key);
  return next;
}

function narrower(
  a: Uint8Array | undefined,
  b: Uint8Array | undefined,
  wins: (comparison: number, zero: number) => boolean,
): Uint8Array | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return wins(Buffer.compare(a, b), 0) ? a : b;
}
