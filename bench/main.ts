// `npm run bench`: the speed bars of the storages.

import { runSuite } from './run-suite.js';
import { STORAGE_SUITE } from './storage/suite.js';

await runSuite(STORAGE_SUITE);
