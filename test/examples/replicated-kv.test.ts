import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { hasDiskShim, withFaults } from '../support/disk-shim.js';
import { PIDS, ReplicatedKv, type Reply } from '../support/replicated-kv.js';
import { compiled, runNode } from '../support/run-command.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { until } from '../support/until.js';

let cluster: ReplicatedKv;

beforeAll(async () => {
  cluster = await ReplicatedKv.three(temporaryFolder());
  for (const pid of PIDS) await cluster.fetchUntil(isOk, pid, 'PUT', '/keys/first', { body: 'x' }); // a leader is found
});

afterAll(() => cluster.killAll());

const isOk = ({ status }: Reply) => status === 200;
const put = (pid: number, key: string, body: string | Buffer, headers: Record<string, string> = {}) =>
  cluster.fetch(pid, 'PUT', `/keys/${key}`, { body, headers });
const get = (pid: number, key: string) => cluster.fetch(pid, 'GET', `/keys/${key}`);
const json = ({ status, body }: Reply) => ({ status, ...JSON.parse(body) });
const othersThan = (pid: number) => PIDS.filter((other) => other !== pid);

describe('the replicated key-value example', () => {
  describe.each(PIDS)('at replica %i', (pid) => {
    const other = (pid % PIDS.length) + 1;

    it('writes, and the next read of another replica has it', async () => {
      for (let i = 0; i < 20; i++) {
        expect(await put(pid, 'seen', `${i}`)).toMatchObject({ status: 200 });
        expect(await get(other, 'seen')).toEqual({ status: 200, body: `${i}` });
      }
      expect(await cluster.fetch(pid, 'GET', '/keys/seen?stale=true')).toEqual({ status: 200, body: '19' });
    });

    it('deletes', async () => {
      await put(pid, 'gone', 'x');
      expect(json(await cluster.fetch(other, 'DELETE', '/keys/gone'))).toMatchObject({ status: 200, before: 'x' });
      expect(await get(pid, 'gone')).toMatchObject({ status: 404 });
      expect(json(await cluster.fetch(pid, 'DELETE', '/keys/gone'))).toMatchObject({ status: 200, before: null });
    });

    it('sets where the key has what is expected, and tells the present value where it has not', async () => {
      const key = `compared-${pid}`;
      const absent = { 'if-none-match': '*' };
      expect(await put(pid, key, 'one', absent)).toMatchObject({ status: 200 });
      expect(json(await put(pid, key, 'two', absent))).toMatchObject({ status: 412, value: 'one' });
      expect(await put(pid, key, 'two', { 'if-match': 'one' })).toMatchObject({ status: 200 });
      expect(json(await put(pid, key, 'three', { 'if-match': 'one' }))).toMatchObject({ status: 412, value: 'two' });
      expect(json(await put(pid, 'never-there', 'x', { 'if-match': 'y' }))).toMatchObject({ status: 412, value: null });
      const removed = await cluster.fetch(pid, 'DELETE', `/keys/${key}`, { headers: { 'if-match': 'one' } });
      expect(removed).toMatchObject({ status: 412 });
      expect(await get(pid, key)).toEqual({ status: 200, body: 'two' });
    });

    it('tells its status', async () => {
      await cluster.leader();
      expect(await cluster.status(pid)).toMatchObject({ pid, leadership: { epoch: expect.stringMatching(/^\d+$/) } });
    });

    it('has another lead, and leads itself', async () => {
      for (const next of [other, pid]) {
        const reply = await cluster.fetchUntil(isOk, pid, 'POST', `/leader/${next}`);
        expect(json(reply)).toEqual({ status: 200, leader: next });
      }
    });

    it('takes a snapshot', async () => {
      const { index } = json(await cluster.fetch(pid, 'POST', '/snapshot'));
      expect(await cluster.status(pid)).toMatchObject({ snapshotIdx: index });
    });
  });

  it('takes any text for a key and a value', async () => {
    const value = ' é\u2028\r\n"𝄞\u0000 ';
    const path = `/keys/${encodeURIComponent('a/ü?#%')}`;
    expect(await cluster.fetch(1, 'PUT', path, { body: value })).toMatchObject({ status: 200 });
    expect(await cluster.fetch(2, 'GET', path)).toEqual({ status: 200, body: value });
    const headers = { 'if-match': encodeURIComponent(value) };
    expect(await cluster.fetch(3, 'PUT', path, { body: '', headers })).toMatchObject({ status: 200 });
    expect(await cluster.fetch(1, 'GET', path)).toEqual({ status: 200, body: '' });
    expect(await cluster.fetch(3, 'PUT', path, { body: value, headers: { 'if-match': '' } })).toMatchObject({
      status: 200,
    });
  });

  it.each<[number, string, string, { body?: string | Buffer; headers?: Record<string, string> }]>([
    [400, 'GET', '/keys/%ff', {}],
    [400, 'GET', '/keys/a?stale=perhaps', {}],
    [400, 'PUT', '/keys/a', { body: Buffer.of(0xff) }],
    [400, 'PUT', '/keys/a', { headers: { 'if-match': '%ff' } }],
    [400, 'PUT', '/keys/a', { headers: { 'if-none-match': 'a' } }],
    [400, 'PUT', '/keys/a', { headers: { 'if-none-match': '*', 'if-match': 'a' } }],
    [404, 'GET', '/keys/not-there', {}],
    [404, 'GET', '/keys', {}],
    [404, 'GET', '/keys/a/b', {}],
    [404, 'GET', '/', {}],
    [404, 'GET', '/toString', {}],
    [404, 'POST', '/leader/4', {}],
    [404, 'POST', '/leader/x', {}],
    [405, 'POST', '/keys/a', {}],
    [405, 'GET', '/snapshot', {}],
    [405, 'PATCH', '/keys/a', {}],
    [413, 'PUT', '/keys/a', { body: Buffer.alloc(1024 * 1024 + 1, 'a') }],
  ])('answers %i to %s %s', async (status, method, path, options) => {
    expect(json(await cluster.fetch(1, method, path, options))).toEqual({ status, error: expect.any(String) });
  });

  it('counts as many as have set by comparison', async () => {
    await put(1, 'counter', '0');
    const successes = await Promise.all(
      Array.from({ length: 6 }, async (_, client) => {
        const pid = PIDS[client % PIDS.length] as number;
        for (let counted = 0; ; ) {
          const { body } = await get(pid, 'counter');
          const { status } = await put(pid, 'counter', `${Number(body) + 1}`, { 'if-match': body });
          if (status === 200 && ++counted === 10) return counted;
        }
      }),
    );
    const sum = successes.reduce((a, b) => a + b);
    expect(await get(2, 'counter')).toEqual({ status: 200, body: `${sum}` });
  });

  it('loses nothing that it has acknowledged when the leader is killed, and goes on', async () => {
    const killed = await cluster.leader();
    const others = othersThan(killed);
    const acknowledged: string[] = [];
    let isOver = false;
    const clients = Array.from({ length: 6 }, async (_, client) => {
      for (let i = 0; !isOver; i++) {
        const key = `load-${client}-${i}`;
        const reply = await put(PIDS[client % PIDS.length] as number, key, key).catch(() => undefined);
        if (reply?.status === 200) acknowledged.push(key);
        else if (reply === undefined && client % PIDS.length === killed - 1) return; // it talked to the one that is dead
      }
    });
    const more = async (count: number) => {
      const goal = acknowledged.length + count;
      await until(() => acknowledged.length >= goal);
    };
    await more(200);
    expect(await cluster.end(killed, 'SIGKILL')).toMatchObject({ signal: 'SIGKILL' });
    await more(200);
    isOver = true;
    await Promise.all(clients);
    const [reader] = others as [number];
    await cluster.fetchUntil(({ status }) => status === 404, reader, 'GET', '/keys/not-there'); // behind a barrier
    for (const key of acknowledged) {
      expect(await cluster.fetch(reader, 'GET', `/keys/${key}?stale=true`)).toEqual({ status: 200, body: key });
    }

    await cluster.start(killed);
    await cluster.fetchUntil(({ status }) => status === 404, killed, 'GET', '/keys/not-there');
    for (const key of acknowledged) {
      expect(await cluster.fetch(killed, 'GET', `/keys/${key}?stale=true`)).toEqual({ status: 200, body: key });
    }
  });

  it('hands over the lead and ends with 0 at SIGTERM, while the others go on', async () => {
    const leader = await cluster.leader();
    const [other] = othersThan(leader) as [number];
    let ended: ReturnType<ReplicatedKv['end']> | undefined;
    const open = cluster.fetch(leader, 'PUT', '/keys/last', {
      body: 'words',
      beforeBody: async () => {
        ended = cluster.end(leader, 'SIGTERM');
        const hasAnotherLeader = async () => (await cluster.status(other)).leadership.leader !== leader;
        while (!(await hasAnotherLeader())) await sleep(5);
      },
    });
    expect(await open).toMatchObject({ status: 200 });
    expect(await ended).toEqual({ code: 0, signal: null });
    expect(cluster.stderr(leader)).not.toContain('not handed over');
    expect(await get(other, 'last')).toEqual({ status: 200, body: 'words' });

    await cluster.start(leader);
    expect(await cluster.end(leader, 'SIGINT')).toEqual({ code: 0, signal: null });
    await cluster.start(leader);
  });

  it('leaves no request open where there is no majority, and says what it does not know', async () => {
    const leader = await cluster.leader();
    const others = othersThan(leader);
    for (const pid of others) await cluster.end(pid, 'SIGKILL');
    const never = new Promise<void>(() => {});
    const slow = cluster.fetch(leader, 'PUT', '/keys/slow', { body: 'x', beforeBody: () => never });
    const written = json(await put(leader, 'alone', 'x'));
    expect(written).toMatchObject({
      status: 504,
      code: 'OUTCOME_UNKNOWN',
      error: expect.stringContaining('may have happened'),
    });
    expect(json(await get(leader, 'alone'))).toMatchObject({ status: 503, code: 'OUTCOME_UNKNOWN' });
    expect(json(await cluster.fetch(leader, 'POST', `/leader/${others[0]}`))).toMatchObject({ status: 503 });
    expect(await slow).toMatchObject({ status: 408 }); // its body has never come
    for (const pid of others) await cluster.start(pid);
    await cluster.fetchUntil(isOk, leader, 'PUT', '/keys/alone', { body: 'no more' });
  });

  (hasDiskShim ? it : it.skip)('ends with 1, and says why, where its disk fails, and comes back', async () => {
    const leader = await cluster.leader();
    const [other] = othersThan(leader) as [number];
    await cluster.end(leader, 'SIGTERM');
    await cluster.start(leader, undefined, withFaults({ syncFailsAfter: 20 }));
    const ended = cluster.ended(leader);
    let isOver = false;
    ended.then(() => {
      isOver = true;
    });
    while (!isOver) await cluster.fetch(other, 'PUT', '/keys/more', { body: 'x' });
    expect(await ended).toEqual({ code: 1, signal: null });
    expect(cluster.stderr(leader)).toMatch(/the replica has ended: .*storage/);
    await cluster.start(leader);
    await cluster.fetchUntil(({ body }) => body === 'x', leader, 'GET', '/keys/more');
  });

  it('ends, and says why, where it cannot start', async () => {
    const main = compiled('examples/replicated-kv/main.js');
    const lacking = ['--http', '0', '--path', temporaryFolder()];
    for (const [args, message] of [
      [[...cluster.arguments(1), '--bootstrap'], /LOCK|lock/],
      [[...cluster.arguments(1), '--http', new URL(cluster.url(1)).port], /EADDRINUSE/],
      [[main], /must be given/],
      [[main, '--speed', '9'], /--speed/],
      [[main, '--pid', '1', '--peers', '1:7001', ...lacking], /--peers has "1:7001"/],
      [[main, '--pid', '4', '--peers', '1=127.0.0.1:7001', ...lacking], /--pid must be one of --peers, not "4"/],
      [[main, '--pid', '1', '--peers', '1=127.0.0.1:7001', '--http', 'x', '--path', 'p'], /--http must be a port/],
      [[main, '--pid', '1', '--peers', '1=192.0.2.1:7001', ...lacking], /TLS/],
      [[main, '--pid', '1', '--peers', '1=127.0.0.1:1,2=127.0.0.1:2', ...lacking], /replica 1 .*bootstrap/],
    ] as const) {
      const { exitCode, stderr } = await runNode(args);
      expect(stderr).toMatch(message);
      expect(stderr).not.toContain('    at ');
      expect(exitCode).toBe(1);
    }
  });

  // The last: behind it, the replicas are others.
  it('takes a replica in, in the place of another, by command', async () => {
    const members = async (peers: object[] | string) => {
      const body = typeof peers === 'string' ? peers : JSON.stringify(peers);
      return json(await cluster.fetch(1, 'PUT', '/members', { body }));
    };
    await put(1, 'kept', 'words');
    const all = await cluster.join(4);
    const next = all.filter(({ pid }) => pid !== 2);
    expect(await members('no JSON')).toMatchObject({ status: 400 });
    expect(await members(next.slice(0, 1))).toMatchObject({ status: 400, error: expect.stringContaining('two pids') });
    expect(await members(next)).toEqual({ status: 200, members: next });
    expect(await cluster.ended(2)).toEqual({ code: 1, signal: null });
    expect(cluster.stderr(2)).toMatch(/replica 2 is no member of configuration 2/);
    const replaced = await cluster.fetchUntil(isOk, 4, 'GET', '/keys/kept');
    expect(replaced.body).toBe('words');
    expect(await cluster.status(4)).toMatchObject({ configurationId: 2, peers: [{ pid: 1 }, { pid: 3 }] });
  });
});
