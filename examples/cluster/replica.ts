// The child: a replica of the flight log. It may be killed at any moment, and goes on from its disk at the next start.
// Usage: replica.js <pid> <folder of its database> <endpoints of its peers, by pid, as JSON> [bootstrap]

import { ConsensusError, Replica, TcpTransport } from 'omnipaxos-rocksdb/consensus';
import { type Command, FlightLog } from './flight-log.js';
import type { Outcome, Request, Told } from './protocol.js';

/** Longer than the slowest fsync, or a slow disk costs the lead. */
const ELECTION_TIMEOUT_MS = 300;
const TICK_MS = 20;
const PROPOSE_TIMEOUT_MS = 5_000;
/** With a cluster that is whole. */
const BARRIER_TIMEOUT_MS = 30_000;
/** Often enough that replicas which were away find the log too short, and are given a peer's state. */
const SNAPSHOT_EVERY_ENTRIES = 1_000;
const KEEP_ENTRIES = 100;

const tell = (told: Told) => process.send?.(told, () => {}); // the parent may be gone
process.once('disconnect', () => process.exit(0)); // nobody is left without a parent
if (!process.connected) process.exit(0); // it has gone already
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {}); // the parent decides

const [pid, path, endpoints, first] = process.argv.slice(2) as [string, string, string, string?];
const transport = new TcpTransport({
  listen: '127.0.0.1:0',
  electionTimeoutMs: ELECTION_TIMEOUT_MS,
  log: () => {}, // that peers cannot be reached is what the demo is about
});
await transport.listen();
tell({ type: 'listens', port: Number(transport.endpoint.split(':')[1]) });

const log = new FlightLog();
const replica = await Replica.open<Command, boolean>({
  path,
  pid: Number(pid),
  peers: [...JSON.parse(endpoints), { pid: Number(pid), endpoint: transport.endpoint }],
  bootstrap: first === 'bootstrap',
  stateMachine: log,
  transport,
  tickIntervalMs: TICK_MS,
  electionTicks: ELECTION_TIMEOUT_MS / TICK_MS,
  snapshotEveryEntries: SNAPSHOT_EVERY_ENTRIES,
  keepEntries: KEEP_ENTRIES,
});
replica.stopped.then((error) => {
  console.error(`replica ${pid} has ended: ${error?.message}`);
  process.exit(1);
});
tell({ type: 'open' });

process.on('message', async (request: Request) => {
  const { id } = request;
  if (request.type === 'append') {
    tell({ type: 'outcome', id, outcome: await append(request.command) });
  } else {
    await replica.barrier({ timeoutMs: BARRIER_TIMEOUT_MS });
    tell({ type: 'history', id, rows: log.history });
  }
});

for await (const state of replica.leadershipChanges()) {
  if (state.role === 'leader') tell({ type: 'leads', epoch: state.epoch });
}

async function append(command: Command): Promise<Outcome> {
  try {
    const { index, result } = await replica.propose(command, { timeoutMs: PROPOSE_TIMEOUT_MS });
    return { type: 'applied', index, isNew: result };
  } catch (error) {
    return { type: error instanceof ConsensusError && error.code === 'NOT_DECIDED' ? 'never' : 'unknown' };
  }
}
