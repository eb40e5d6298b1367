// What every peer does alike: it stores the same keys and values as this project's storage, by a put of its own.

import { rawCodec } from '../../lib/codec.js';
import { logKey } from '../../lib/key-space.js';
import { encodeValue } from '../../lib/values.js';
import { measureInFlight } from '../measure.js';
import type { Sample } from '../protocol.js';
import { cycle, rawEntries } from '../records.js';
import type { Numbers } from './contestant.js';

const DIFFERENT_ENTRIES = 64;

/** A put that resolves once it is durable. */
export type DurablePut = (key: Buffer, value: Buffer) => Promise<unknown>;

/** The work `append`, for a store that has no more than `put`: one entry a call. */
export function appendWith(put: DurablePut): (numbers: Numbers) => Promise<Sample> {
  let idx = 0;
  return ({ ms, batch, inFlight, entryBytes }) => {
    if (batch !== 1) throw new RangeError('a peer appends one entry a call');
    const next = cycle(storedEntries(rawEntries(DIFFERENT_ENTRIES, entryBytes)));
    return measureInFlight(ms, inFlight, 1, () => put(logKey(idx++), next()));
  };
}

/** As lib/values.ts stores them: a version byte and the entry. */
export function storedEntries(entries: readonly Uint8Array[]): Buffer[] {
  return entries.map((entry) => encodeValue(rawCodec, entry, () => 'an entry'));
}
