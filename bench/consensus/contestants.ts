// Every contestant that runs in Node, by the name that serve.ts is given.

import { openAsyncStorage } from '../shared/async-storage.js';
import type { OpenContestant } from '../shared/contestant.js';
import { openStorage } from '../storage/contestants/storage.js';
import { openDurableRunners, openRunnersInMemory } from './runners.js';
import { openRunnersOnTcp } from './runners-on-tcp.js';

export const CONTESTANTS = {
  storage: openStorage,
  'async-storage': openAsyncStorage,
  'durable-runners': openDurableRunners,
  'held-runners': (folder) => openDurableRunners(folder, false),
  'runners-in-memory': openRunnersInMemory,
  'runners-on-tcp': (folder) => openRunnersOnTcp(folder),
  'held-runners-on-tcp': (folder) => openRunnersOnTcp(folder, false),
} as const satisfies Record<string, OpenContestant>;

export type NodeContestant = keyof typeof CONTESTANTS;
