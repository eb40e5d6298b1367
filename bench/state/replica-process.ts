// One replica of `npm run bench:state`, in a process of its own so that nothing else is in its memory. Its state machine has
// a state of 1 GiB that takes no memory: it is made where it is read, and checked where it is restored.

import { createHistogram } from 'node:perf_hooks';
import { Replica, type StateMachine, TcpTransport } from '../../lib/consensus/index.js';
import { rawCodec } from '../../lib/format/raw-codec.js';
import { SeededRandom } from '../../lib/testing/seeded-random.js';
import { GROUP, type Latencies, MIB, type Order, type ReplicaSetting, STATE_BYTES, type Standing } from './protocol.js';

/** A disk that is written to at 64 MiB/s may take long for an fsync: no election is to come of that. */
const TICK_MS = 20;
const ELECTION_TICKS = 25;
const COMMAND = Buffer.alloc(128, 7);

class LargeState implements StateMachine<Uint8Array, void> {
  restored = 0;

  apply(): void {}

  async *snapshot(): AsyncGenerator<Uint8Array, void, undefined> {
    // The same on all replicas, and nothing that could be compressed.
    const random = new SeededRandom(1);
    const words = Uint32Array.from({ length: MIB / 4 }, () => random.within(0, 2 ** 32 - 1));
    const piece = Buffer.from(words.buffer);
    for (let i = 0; i < STATE_BYTES / MIB; i++) {
      piece.writeUInt32LE(i);
      yield piece;
    }
  }

  async restore(state: AsyncIterable<Uint8Array>): Promise<void> {
    let byteLength = 0;
    for await (const piece of state) byteLength += piece.length;
    if (byteLength !== STATE_BYTES) throw new Error(`a state of ${byteLength} bytes`);
    this.restored++;
  }
}

const { path, pid, ports, bootstrap, stateBytesPerSecond } = JSON.parse(process.argv[2] as string) as ReplicaSetting;
const endpointOf = (i: number) => `127.0.0.1:${ports[i]}`;
const transport = new TcpTransport({
  listen: endpointOf(pid - 1),
  electionTimeoutMs: TICK_MS * ELECTION_TICKS,
  log: () => {},
});
const machine = new LargeState();
const replica = await Replica.open<Uint8Array, void>({
  path,
  pid,
  peers: ports.map((_, i) => ({ pid: i + 1, endpoint: endpointOf(i) })),
  group: GROUP,
  bootstrap,
  stateMachine: machine,
  commandCodec: rawCodec,
  transport,
  tickIntervalMs: TICK_MS,
  electionTicks: ELECTION_TICKS,
  keepEntries: 0,
  snapshotEveryEntries: Number.MAX_SAFE_INTEGER,
  snapshotEveryBytes: Number.MAX_SAFE_INTEGER,
  ...(stateBytesPerSecond === undefined ? {} : { stateBytesPerSecond }),
});
let proposing: { isOver: boolean; latencies: Promise<Latencies> } | undefined;

process.on('message', async (order: Order) => {
  process.send?.((await obey(order)) ?? null);
  if (order.type === 'stop') process.disconnect();
});
process.send?.('opened');

async function obey(order: Order): Promise<Standing | Latencies | undefined> {
  switch (order.type) {
    case 'propose':
      proposing = { isOver: false, latencies: Promise.resolve().then(() => propose(order.inFlight)) };
      return undefined;
    case 'rest':
      if (proposing !== undefined) proposing.isOver = true;
      return proposing?.latencies;
    case 'snapshot':
      await replica.takeSnapshot();
      return undefined;
    case 'status':
      return standing();
    case 'stop':
      await replica.stop();
      await transport.close();
      return standing();
  }
}

async function propose(inFlight: number): Promise<Latencies> {
  const microseconds = createHistogram();
  const one = async () => {
    while (!proposing?.isOver) {
      const begun = performance.now();
      await replica.propose(COMMAND);
      microseconds.record(Math.max(1, Math.round((performance.now() - begun) * 1000)));
    }
  };
  await Promise.all(Array.from({ length: inFlight }, one));
  const milliseconds = (percentile: number) => microseconds.percentile(percentile) / 1000;
  const [p50, p99, longest] = [50, 99, 100].map(milliseconds) as [number, number, number];
  return { proposals: microseconds.count, p50, p99, longest };
}

function standing(): Standing {
  const { leadership, decidedIdx, appliedIdx, compactedIdx } = replica.status();
  return {
    isLeader: leadership.role === 'leader',
    hasLeader: leadership.role === 'leader' || (leadership.role === 'follower' && leadership.leader !== undefined),
    decidedIdx,
    appliedIdx,
    compactedIdx,
    restored: machine.restored,
    peakBytes: process.resourceUsage().maxRSS * 1024,
  };
}
