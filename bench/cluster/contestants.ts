// Every contestant, by the name that serve.ts is given.

import type { OpenContestant } from '../shared/contestant.js';
import { openEtcd } from './etcd.js';
import { openHttp } from './http.js';
import { openReplicas } from './replicas.js';

export const CONTESTANTS = {
  replicas: openReplicas,
  http: openHttp,
  etcd: openEtcd,
} as const satisfies Record<string, OpenContestant>;

export type ContestantName = keyof typeof CONTESTANTS;
