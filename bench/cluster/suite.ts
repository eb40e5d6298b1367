// `npm run bench:cluster`: three processes that agree, in this project and in etcd.

import { fileURLToPath } from 'node:url';
import type { Suite } from '../suite.js';
import { BARS } from './bars.js';
import { whyNoEtcd } from './etcd.js';
import { TURNS } from './turns.js';

const SERVE = fileURLToPath(new URL('serve.js', import.meta.url));

export const CLUSTER_SUITE: Suite = {
  name: 'bench:cluster',
  description: 'Measures three replicas in processes of their own, beside etcd where it is installed.',
  rounds: 9,
  turnMs: 1000,
  leadInMs: 1000,
  quick: { rounds: 3, turnMs: 500, leadInMs: 500 },
  turns: TURNS,
  bars: BARS,
  barsOf: '128-byte entries, three processes',
  // Databases of replicas are warmed up in the contestant: theirs are three.
  entrantOf: (name) => ({ launch: { command: process.execPath, args: [SERVE, name] }, recyclesWal: false }),
  whyAbsent: (name) => (name === 'etcd' ? whyNoEtcd() : undefined),
  doubts: () => [],
};
