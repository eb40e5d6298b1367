// What every peer does alike: it stores the same keys and values as this project's storage, by a put of its own.

import { logKey } from '../../../lib/format/log-keys.js';
import { rawCodec } from '../../../lib/format/raw-codec.js';
import { encodeValue } from '../../../lib/format/values.js';
import type { Contestant, Numbers } from '../contestant.js';
import { measureBlocking, measureInFlight } from '../measure.js';
import type { Hello, Sample } from '../protocol.js';
import { cycle, DIFFERENT_ENTRIES, rawEntries } from '../raw-entries.js';

export interface Row {
  key: Buffer;
  value: Buffer;
}

/** Puts one row, or several, all or none. They are durable once the call returns, or once its promise resolves. */
interface Puts<Result> {
  put(key: Buffer, value: Buffer): Result;
  putAll(rows: readonly Row[]): Result;
}

/** Another store. */
export type Peer = Hello & {
  /** Called after each turn, untimed: takes what was appended out of the way of the next turn. */
  settle(): Promise<void>;
  close(): Promise<void>;
} & (({ blocks: true } & Puts<void>) | ({ blocks: false } & Puts<Promise<unknown>>));

export function contestantOf(peer: Peer): Contestant {
  const { version, durability, settle, close } = peer;
  let idx = 0;
  const append = ({ ms, batch, inFlight, entryBytes }: Numbers): Sample | Promise<Sample> => {
    const next = cycle(storedEntries(rawEntries(Math.max(batch, DIFFERENT_ENTRIES), entryBytes)));
    const rows = () => Array.from({ length: batch }, () => ({ key: logKey(idx++), value: next() }));
    if (peer.blocks) {
      return measureBlocking(
        ms,
        batch,
        batch === 1 ? () => peer.put(logKey(idx++), next()) : () => peer.putAll(rows()),
      );
    }
    const call = batch === 1 ? () => peer.put(logKey(idx++), next()) : () => peer.putAll(rows());
    return measureInFlight(ms, inFlight, batch, call);
  };
  return { version, durability, works: { append }, settle, close };
}

/** As lib/format/values.ts stores them: a version byte and the entry. */
export function storedEntries(entries: readonly Uint8Array[]): Buffer[] {
  return entries.map((entry) => encodeValue(rawCodec, entry, () => 'an entry'));
}
