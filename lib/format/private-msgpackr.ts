// A copy of msgpackr of our own. What another user of msgpackr in this process does to theirs (`addExtension` holds for all
// of a module) changes nothing in what lies on disk, and what is registered here is nobody else's business.

import { createRequire } from 'node:module';
import type * as msgpackr from 'msgpackr';

export function privateMsgpackr(): typeof msgpackr {
  const require = createRequire(import.meta.url);
  const file = require.resolve('msgpackr');
  const others = require.cache[file];
  delete require.cache[file];
  try {
    return require(file) as typeof msgpackr;
  } finally {
    if (others === undefined) delete require.cache[file];
    else require.cache[file] = others;
  }
}
