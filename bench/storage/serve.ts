// The process of one contestant: `node serve.js NAME FOLDER`.

import { serve } from '../shared/serve.js';
import { CONTESTANTS, type NodeContestant } from './contestants/index.js';

const [name, folder] = process.argv.slice(2) as [NodeContestant, string];
await serve(() => CONTESTANTS[name](folder));
