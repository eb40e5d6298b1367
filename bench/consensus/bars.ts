// The speed that this project claims for consensus: three replicas in one process, each with a database of its own.

import type { Bar } from '../suite.js';
import type { TurnName } from './turns.js';

export const BARS: readonly Bar<TurnName>[] = [
  {
    title: 'memory, 1,024 in flight: decided entries/s ÷ Rust',
    of: 'memory1024',
    against: ['rust1024'],
    bound: { atLeast: 0.2 },
  },
  {
    title: 'durable, 1,024 in flight: decided entries/s ÷ appends/s of one AsyncRocksdbStorage',
    of: 'durable1024',
    against: ['async1024'],
    bound: { atLeast: 0.4 },
  },
  {
    title: 'durable, one at a time: p50 ÷ one synced appendEntry',
    of: 'durableOne',
    against: ['storageOne'],
    bound: { atMost: 4 },
  },
  {
    title: 'event-loop delay p99, 256 in flight on a slow disk',
    of: 'slowDisk256',
    against: [],
    bound: { below: 5 },
    unit: 'ms',
  },
  {
    title: 'same: how often another replica came to lead',
    of: 'slowDisk256',
    against: [],
    bound: { atMost: 0 },
    figure: 'leader-changes',
  },
];
