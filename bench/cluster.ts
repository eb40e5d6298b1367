// `npm run bench:cluster`: the speed bars of replicas in processes of their own, against etcd.

import { CLUSTER_SUITE } from './cluster/suite.js';
import { runSuite } from './run-suite.js';

await runSuite(CLUSTER_SUITE);
