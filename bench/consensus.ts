// `npm run bench:consensus`: the speed bars of consensus.

import { CONSENSUS_SUITE } from './consensus/suite.js';
import { runSuite } from './run-suite.js';

await runSuite(CONSENSUS_SUITE);
