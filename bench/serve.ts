// The process of one contestant: `node serve.js NAME FOLDER`.

import { CONTESTANTS, type NodeContestant } from './contestants/index.js';
import { serve } from './shared/serve.js';

const [name, folder] = process.argv.slice(2) as [NodeContestant, string];
await serve(() => CONTESTANTS[name](folder));
