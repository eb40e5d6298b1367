// The process of one contestant: `node serve.js NAME FOLDER`.

import { serve } from '../shared/serve.js';
import { CONTESTANTS, type ContestantName } from './contestants.js';

const [name, folder] = process.argv.slice(2) as [ContestantName, string];
await serve(() => CONTESTANTS[name](folder));
