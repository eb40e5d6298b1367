// msgpackr alone, with the settings of lib/format/msgpack-codec.ts but without its checks.

import { Packr } from 'msgpackr';
import type { Contestant } from '../../shared/contestant.js';
import { measureBlocking } from '../../shared/measure.js';
import { findPackage } from '../../shared/peers/find-package.js';
import { flights } from '../flights.js';

export async function openMsgpackr(_folder: string): Promise<Contestant> {
  const packr = new Packr({ useRecords: false, moreTypes: true, copyBuffers: true });
  return {
    version: (await findPackage('msgpackr')).version,
    durability: 'none: it stores nothing',
    works: {
      encode: ({ ms, batch }) => {
        const objects = flights(batch);
        return measureBlocking(ms, batch, () => {
          for (const object of objects) packr.pack(object);
        });
      },
    },
    async settle() {},
    async close() {},
  };
}
