// The speed that this project claims for a service of three processes.

import type { Bar } from '../suite.js';
import type { TurnName } from './turns.js';

export const BARS: readonly Bar<TurnName>[] = [
  {
    title: 'in the process, 256 in flight: entries/s ÷ etcd',
    of: 'replica256',
    against: ['etcd256'],
    bound: { atLeast: 12 },
  },
  { title: 'HTTP, 64 in flight: entries/s ÷ etcd', of: 'http64', against: ['etcd64'], bound: { atLeast: 1.5 } },
  { title: 'HTTP, 256 in flight: entries/s ÷ etcd', of: 'http256', against: ['etcd256'], bound: { atLeast: 1.5 } },
  {
    title: 'in the process, one at a time: p50 ÷ etcd',
    of: 'replicaOne',
    against: ['etcdOne'],
    bound: { atMost: 1 },
  },
];
