import { parseArgs } from 'node:util';

/** What `args` say; `listen` is where the peers reach this replica. @throws Error that says what is wrong with them */
export function parseOptions(args: string[]) {
  const text = { type: 'string' } as const;
  const options = { pid: text, peers: text, http: text, path: text, bootstrap: { type: 'boolean' } } as const;
  const { pid, peers, http, path, bootstrap = false } = parseArgs({ args, options }).values;
  if (!pid || !peers || !http || !path) throw new Error('--pid, --peers, --http and --path must be given');
  const parsed = peers.split(',').map((peer) => {
    const [, number, endpoint] = /^(\d+)=(.+)$/.exec(peer.trim()) ?? [];
    if (number === undefined || endpoint === undefined) throw new Error(`--peers has "${peer}": write pid=host:port`);
    return { pid: Number(number), endpoint };
  });
  const self = parsed.find((peer) => String(peer.pid) === pid);
  if (self === undefined) throw new Error(`--pid must be one of --peers, not "${pid}"`);
  if (!/^\d{1,5}$/.test(http) || Number(http) > 65_535) throw new Error(`--http must be a port, not "${http}"`);
  return { pid: self.pid, peers: parsed, listen: self.endpoint, http: Number(http), path, bootstrap };
}
