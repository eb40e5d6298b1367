// msgpackr alone, with the settings of lib/codec.ts, and without its checks.

import { Packr } from 'msgpackr';
import { measureBlocking } from '../measure.js';
import { flights } from '../records.js';
import { type Contestant, packageVersion } from './contestant.js';

export async function openMsgpackr(_folder: string): Promise<Contestant> {
  const packr = new Packr({ useRecords: false, moreTypes: true, copyBuffers: true });
  return {
    version: packageVersion('msgpackr'),
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
