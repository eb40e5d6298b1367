// The key-value example between machines: with certificates made by the commands of docs/consensus.md, as they stand there.

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PIDS, ReplicatedKv } from '../support/replicated-kv.js';
import { runNode } from '../support/run-command.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { until } from '../support/until.js';

const docs = readFileSync(new URL('../../docs/consensus.md', import.meta.url), 'utf8');
const [, commands] = /^```sh\n([^`]*openssl[^`]*)^```$/m.exec(docs) as unknown as [string, string];

function makeCertificates(): string {
  const cwd = temporaryFolder();
  execFileSync('sh', ['-e', '-c', commands], { cwd, stdio: 'pipe' });
  return cwd;
}

const credentials = (folder: string, pid: number) => [
  ...['--key', join(folder, `replica-${pid}.key`)],
  ...['--cert', join(folder, `replica-${pid}.crt`)],
  ...['--ca', join(folder, 'ca.crt')],
];

let cluster: ReplicatedKv;

describe('the replicated key-value example, with the certificates of the docs', () => {
  const ours = makeCertificates();

  beforeAll(async () => {
    cluster = await ReplicatedKv.three(temporaryFolder(), { credentials: (pid) => credentials(ours, pid) });
  });

  afterAll(() => cluster.killAll());

  const isOk = ({ status }: { status: number }) => status === 200;

  it('writes, reads, and loses nothing when the leader is killed', async () => {
    for (const pid of PIDS) await cluster.fetchUntil(isOk, pid, 'PUT', `/keys/of-${pid}`, { body: 'secret' });
    const leader = await cluster.leader();
    await cluster.end(leader, 'SIGKILL');
    await cluster.fetchUntil(isOk, (leader % 3) + 1, 'PUT', '/keys/meanwhile', { body: 'x' });
    await cluster.start(leader);
    for (const key of ['of-1', 'of-2', 'of-3', 'meanwhile']) {
      await cluster.fetchUntil(isOk, leader, 'GET', `/keys/${key}`);
    }
  });

  it.each([
    ['without any', () => []],
    ['with one of another authority', (pid: number) => credentials(makeCertificates(), pid)],
  ])('lets nobody in who comes %s', async (_, stranger) => {
    const leader = await cluster.leader();
    const pid = (leader % 3) + 1;
    const before = cluster.stderr(leader).length;
    await cluster.end(pid, 'SIGKILL');
    cluster.credentials = (one) => (one === pid ? stranger(pid) : credentials(ours, one));
    await cluster.start(pid);
    await until(() => cluster.stderr(leader).length > before && cluster.stderr(pid).length > 0);
    const { leadership, peers } = await cluster.status(pid);
    expect(leadership).toEqual({ role: 'unknown' });
    expect(peers.map(({ connected }) => connected)).toEqual([false, false]);
    await cluster.end(pid, 'SIGKILL');
    cluster.credentials = (one) => credentials(ours, one);
    await cluster.start(pid);
    await cluster.fetchUntil(isOk, pid, 'GET', '/keys/of-1');
  });

  it('says what is missing', async () => {
    const [key, file] = credentials(ours, 1) as [string, string];
    const some = await runNode([...cluster.arguments(1).slice(0, -6), key, file]);
    expect(some).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('--key, --cert and --ca') });
    const [, path] = credentials('/nowhere', 1) as [string, string];
    const none = await runNode([...cluster.arguments(1).slice(0, -6), ...credentials('/nowhere', 1)]);
    expect(none).toMatchObject({ exitCode: 1, stderr: expect.stringContaining(path) });
  });
});
