import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';

/** What `args` say. @throws Error that says what is wrong with them */
export function parseOptions(args: string[]) {
  const [text, flag] = [{ type: 'string' }, { type: 'boolean' }] as const;
  const texts = { pid: text, peers: text, http: text, path: text, key: text, cert: text, ca: text };
  const { key, cert, ca, ...given } = parseArgs({ args, options: { ...texts, bootstrap: flag, join: flag } }).values;
  const { pid, peers, http, path, bootstrap = false, join = false } = given;
  if (!pid || !peers || !http || !path) throw new Error('--pid, --peers, --http and --path must be given');
  const parsed = peers.split(',').map((peer) => {
    const [, number, endpoint] = /^(\d+)=(.+)$/.exec(peer.trim()) ?? [];
    if (number === undefined || endpoint === undefined) throw new Error(`--peers has "${peer}": write pid=host:port`);
    return { pid: Number(number), endpoint };
  });
  const self = parsed.find((peer) => String(peer.pid) === pid);
  if (self === undefined) throw new Error(`--pid must be one of --peers, not "${pid}"`);
  if (!/^\d{1,5}$/.test(http) || Number(http) > 65_535) throw new Error(`--http must be a port, not "${http}"`);
  if ([key, cert, ca].filter(Boolean).length % 3 > 0) throw new Error('--key, --cert and --ca must be given together');
  const read = (file = '') => readFileSync(file, 'utf8'); // for each connection: files that were replaced are used then
  const tls = () => ({ key: read(key), cert: read(cert), ca: read(ca) });
  const transport = { listen: self.endpoint, ...(key ? { tls } : {}) };
  return { replica: { pid: self.pid, peers: parsed, path, bootstrap, join }, transport, http: Number(http) };
}
