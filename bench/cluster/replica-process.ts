// One replica of the contestant `replicas`: `replica-process.js PID PEERS PATH BOOTSTRAP`, with the peers as JSON. It does what its
// parent asks, one thing at a time, and proposes what it measures itself.

import { Replica, type StateMachine, TcpTransport } from '../../lib/consensus/index.js';
import { rawCodec } from '../../lib/format/raw-codec.js';
import type { Numbers } from '../shared/contestant.js';
import { measureInFlight } from '../shared/measure.js';
import { cycle, DIFFERENT_ENTRIES, rawEntries } from '../shared/raw-entries.js';
import { ELECTION_TIMEOUT_MS } from './cluster.js';

const TICK_MS = 20;

export type Request = { measure: Numbers } | 'decide' | 'leader';

/** It keeps nothing: what is measured is how entries get here. */
const nothing: StateMachine<Uint8Array, void> = {
  apply() {},
  snapshot: () => Buffer.alloc(0),
  async restore() {},
};

const [pid, peers, path, bootstrap] = process.argv.slice(2).map((text, i) => (i === 2 ? text : JSON.parse(text))) as [
  number,
  { pid: number; endpoint: string }[],
  string,
  boolean,
];
const listen = peers.find((peer) => peer.pid === pid)?.endpoint as string;
const transport = new TcpTransport({ listen, electionTimeoutMs: ELECTION_TIMEOUT_MS, log() {} });
const replica = await Replica.open<Uint8Array>({
  path,
  pid,
  peers,
  bootstrap,
  transport,
  stateMachine: nothing,
  commandCodec: rawCodec,
  tickIntervalMs: TICK_MS,
  electionTicks: ELECTION_TIMEOUT_MS / TICK_MS,
});
replica.stopped.then((error) => error && process.exit(1));

process.on('disconnect', () => process.exit());
process.on('message', async (request: Request) => {
  const answer = await answerTo(request);
  process.send?.(answer);
});
process.send?.({});

async function answerTo(request: Request): Promise<object> {
  if (request === 'leader') {
    const { leadership } = replica;
    return { leader: leadership.role === 'leader' ? pid : 'leader' in leadership ? leadership.leader : undefined };
  }
  if (request === 'decide') {
    await replica.propose(Buffer.alloc(1));
    return {};
  }
  const { ms, inFlight, entryBytes } = request.measure;
  const next = cycle(rawEntries(DIFFERENT_ENTRIES, entryBytes));
  return measureInFlight(ms, inFlight, 1, () => replica.propose(next()));
}
