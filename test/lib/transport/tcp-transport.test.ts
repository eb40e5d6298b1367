// What a transport does for replicas that keep the rules, and how it ends.

import { Socket } from 'node:net';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, jest } from '@jest/globals';
import { TcpTransport } from '../../../lib/consensus/index.js';
import { SeededRandom } from '../../../lib/testing/seeded-random.js';
import { failureOf } from '../../support/failures.js';
import { compiled, runNode } from '../../support/run-command.js';
import {
  closing,
  type Opened,
  openTransport,
  PATIENT,
  Party,
  RawPeer,
  rawServer,
  TcpProxy,
  twoConnected,
} from '../../support/transports.js';
import { until } from '../../support/until.js';

const numbers = (count: number) => Array.from({ length: count }, (_, i) => String(i));

describe('two replicas', () => {
  it('get all messages in order, both ways', async () => {
    const { one, two } = await twoConnected();
    for (const number of numbers(1000)) {
      one.send(2, number);
      two.send(1, number);
    }
    await until(() => one.messages.length === 1000 && two.messages.length === 1000);
    expect(one.messages).toEqual(numbers(1000).map((number) => `2: ${number}`));
    expect(two.messages).toEqual(numbers(1000).map((number) => `1: ${number}`));
  });

  it('hear of each connection before what comes on it', async () => {
    const { one, two } = await twoConnected();
    one.send(2, 'a');
    await until(() => two.messages.length === 1);
    expect(two.told[0]).toBe('+1');
    expect(two.told.indexOf('+1')).toBeLessThan(two.told.indexOf('1: a'));
    await until(() => one.count('+2') === 2 && two.count('+1') === 2); // one for each direction
  });

  it('carry large messages, empty ones, and those of any bytes, each in memory of its own', async () => {
    const { one, two } = await twoConnected();
    const sent = [0, 1, 5_000, 16_384, 16_385, 5_000_000].map((length) => Buffer.alloc(length, length % 251));
    const received: Uint8Array[] = [];
    two.onReceive = (_, message) => void received.push(message);
    for (const message of sent) await one.link?.send(2, message);
    await until(() => received.length === sent.length);
    expect(sent.map((message, i) => message.equals(received[i] as Uint8Array))).toEqual(sent.map(() => true));
    const [, first] = received as [Uint8Array, Uint8Array];
    first.fill(0);
    expect(sent[2]?.equals(received[2] as Uint8Array)).toBe(true);
  });

  it('lose what is sent where there is no connection, and what is for nobody', async () => {
    const { transport } = await openTransport();
    const { port } = await rawServer((socket) => socket.destroy());
    const one = await new Party(1, [{ pid: 2, endpoint: `127.0.0.1:${port}` }]).join(transport);
    expect(one.send(2, 'lost')).toBeUndefined();
    expect(one.send(9, 'lost')).toBeUndefined();
    expect(one.isConnected(2)).toBe(false);
    expect(one.isConnected(9)).toBe(false);
  });

  it('drop a message larger than maxFrameBytes, and say so', async () => {
    const { one, two, at } = await twoConnected({ maxFrameBytes: 4096 });
    one.link?.send(2, Buffer.alloc(4097));
    one.link?.send(2, Buffer.alloc(4096, 'x'));
    await until(() => two.messages.length === 1);
    expect(two.messages[0]).toHaveLength(4096 + 3);
    expect(at[0].logged).toEqual(expect.arrayContaining([expect.stringContaining('larger than maxFrameBytes')]));
  });
});

describe('several groups', () => {
  it('share one connection to each endpoint, and each gets its own', async () => {
    const { transport, endpoint } = await openTransport();
    const other = await openTransport();
    const proxy = await TcpProxy.to(other.port);
    const groups = ['a', 'b', 'c'];
    const ones: Party[] = [];
    const twos: Party[] = [];
    for (const group of groups) {
      ones.push(await new Party(1, [{ pid: 2, endpoint: proxy.endpoint }], { group }).join(transport));
      twos.push(await new Party(2, [{ pid: 1, endpoint }], { group }).join(other.transport));
    }
    await until(() => ones.every((one) => one.isConnected(2)) && twos.every((two) => two.isConnected(1)));
    groups.forEach((group, i) => {
      ones[i]?.send(2, `to ${group}`);
      twos[i]?.send(1, `from ${group}`);
    });
    await until(() => [...ones, ...twos].every((party) => party.messages.length === 1));
    expect(twos.map((two) => two.messages)).toEqual([['1: to a'], ['1: to b'], ['1: to c']]);
    expect(ones.map((one) => one.messages)).toEqual([['2: from a'], ['2: from b'], ['2: from c']]);
    expect(proxy.connections).toBe(1);
  });

  it('send what all have to send in one turn as one, each in its order', async () => {
    const a = await openTransport();
    const b = await openTransport();
    const groups = Array.from({ length: 30 }, (_, i) => `g${i}`);
    const join = (group: string, pid: number, transport: TcpTransport, peer: Opened) =>
      new Party(pid, [{ pid: 3 - pid, endpoint: peer.endpoint }], { group }).join(transport);
    const ones = await Promise.all(groups.map((group) => join(group, 1, a.transport, b)));
    const twos = await Promise.all(groups.map((group) => join(group, 2, b.transport, a)));
    await until(() => ones.every((one) => one.isConnected(2)));
    const all: string[] = [];
    for (const [i, two] of twos.entries()) two.onReceive = (_, message) => void all.push(`${i} ${message}`);
    const writes = [jest.spyOn(Socket.prototype, '_write'), jest.spyOn(Socket.prototype, '_writev' as '_write')];
    const random = new SeededRandom(7);
    const sent = numbers(1000).map((number) => `${random.within(0, groups.length - 1)} ${number}`);
    for (const each of sent) {
      const [i, number] = each.split(' ') as [string, string];
      ones[Number(i)]?.send(2, number);
    }
    await nextTurn();
    await nextTurn();
    const written = writes.reduce((sum, { mock }) => sum + mock.calls.length, 0);
    for (const write of writes) write.mockRestore();
    await until(() => all.length === sent.length);
    expect(all).toEqual(sent);
    expect(written).toBeLessThan(10); // both sides say that they live, too
  });

  it('go on where one of them leaves, and where it joins again', async () => {
    const a = await openTransport();
    const b = await openTransport();
    const make = async (group: string) => [
      await new Party(1, [{ pid: 2, endpoint: b.endpoint }], { group }).join(a.transport),
      await new Party(2, [{ pid: 1, endpoint: a.endpoint }], { group }).join(b.transport),
    ];
    const [left, leftTwo] = (await make('left')) as [Party, Party];
    const [stays, staysTwo] = (await make('stays')) as [Party, Party];
    await until(() => [left, stays].every((one) => one.isConnected(2)));
    await until(() => [leftTwo, staysTwo].every((two) => two.isConnected(1)));
    const told = left.told.length;
    await left.link?.leave();
    await left.link?.leave();
    expect(left.isConnected(2)).toBe(false);
    expect(left.send(2, 'lost')).toBeUndefined();
    await until(() => leftTwo.count('-1') === 2 && !leftTwo.isConnected(1));
    leftTwo.send(1, 'lost');
    stays.send(2, 'here');
    await until(() => staysTwo.messages.length === 1);
    expect(stays.count('-2')).toBe(0);
    expect(left.told).toHaveLength(told);
    const again = await new Party(1, [{ pid: 2, endpoint: b.endpoint }], { group: 'left' }).join(a.transport);
    await until(() => again.isConnected(2) && leftTwo.isConnected(1));
    leftTwo.send(1, 'back');
    await until(() => again.messages.length === 1);
    expect(stays.count('-2')).toBe(0);
  });

  it('do not suffer where the functions of one throw', async () => {
    const a = await openTransport();
    const b = await openTransport();
    const boom = () => {
      throw new Error('boom');
    };
    const bad = { group: 'bad', connected: boom, disconnected: boom, receive: boom };
    await new Party(1, [{ pid: 2, endpoint: b.endpoint }], bad).join(a.transport);
    const badTwo = await new Party(2, [{ pid: 1, endpoint: a.endpoint }], { group: 'bad' }).join(b.transport);
    const one = await new Party(1, [{ pid: 2, endpoint: b.endpoint }], { group: 'good' }).join(a.transport);
    const two = await new Party(2, [{ pid: 1, endpoint: a.endpoint }], { group: 'good' }).join(b.transport);
    await until(() => badTwo.isConnected(1) && one.isConnected(2) && two.isConnected(1));
    for (let i = 0; i < 3; i++) {
      badTwo.send(1, 'x');
      two.send(1, 'y');
    }
    await until(() => one.messages.length === 3);
    expect(a.logged.filter((line) => line.includes('boom'))).toHaveLength(1);
    expect(two.count('-1')).toBe(0);
  });

  it('may leave and close from within what they are told', async () => {
    const a = await openTransport();
    const b = await openTransport();
    const one = new Party(1, [{ pid: 2, endpoint: b.endpoint }]);
    one.connected = () => void one.link?.leave();
    await one.join(a.transport);
    const two = await new Party(2, [{ pid: 1, endpoint: a.endpoint }]).join(b.transport);
    two.onReceive = () => void b.transport.close();
    await until(() => b.logged.some((line) => line.includes('has not joined this group')));
    const again = await new Party(1, [{ pid: 2, endpoint: b.endpoint }]).join(a.transport);
    await until(() => again.isConnected(2));
    again.send(2, 'end');
    again.send(2, 'dropped');
    await until(() => again.count('-2') === again.count('+2'));
    expect(two.messages).toEqual(['1: end']);
    await b.transport.close();
  });
});

describe('a peer that comes back', () => {
  it('on the same port is connected again', async () => {
    const { one, two, at } = await twoConnected();
    await at[1].transport.close();
    await until(() => one.count('-2') === one.count('+2'));
    expect(one.isConnected(2)).toBe(false);
    expect(two.count('-1')).toBe(0); // nothing is told once it is closed
    const back = await openTransport({ listen: at[1].endpoint });
    const again = await new Party(2, two.peers).join(back.transport);
    await until(() => one.isConnected(2) && again.isConnected(1));
    one.send(2, 'hello');
    again.send(1, 'again');
    await until(() => again.messages.length === 1 && one.messages.length === 1);
    expect(again.told[0]).toBe('+1');
  });

  it('is connected again whenever the line is cut', async () => {
    const a = await openTransport();
    const b = await openTransport();
    const proxy = await TcpProxy.to(b.port);
    const one = await new Party(1, [{ pid: 2, endpoint: proxy.endpoint }]).join(a.transport);
    const two = await new Party(2, [{ pid: 1, endpoint: a.endpoint }]).join(b.transport);
    for (let i = 0; i < 5; i++) {
      await until(() => one.isConnected(2));
      one.send(2, `${i}`);
      await until(() => two.messages.length === i + 1);
      const ended = one.count('-2');
      proxy.cut();
      await until(() => one.count('-2') > ended);
    }
    await until(() => one.isConnected(2));
    expect(two.messages).toEqual(numbers(5).map((number) => `1: ${number}`));
  });
});

describe('join', () => {
  it('refuses a group that is joined, and one more transport on the port', async () => {
    const { transport, endpoint } = await openTransport();
    await new Party(1, []).join(transport);
    expect(await failureOf(() => new Party(1, []).join(transport))).toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('joined already'),
    });
    const second = new TcpTransport({ listen: endpoint });
    closing(() => second.close());
    const taken = { code: 'INVALID_ARGUMENT', message: expect.stringContaining('EADDRINUSE') };
    expect(await failureOf(() => new Party(1, []).join(second))).toMatchObject(taken);
    await transport.close();
    await new Party(1, []).join(second);
  });

  it.each<[object, string]>([
    [{ group: 7 }, 'group'],
    [{ group: 'x'.repeat(1025) }, 'group'],
    [{ group: '\ud800' }, 'group'],
    [{ configurationId: -1 }, 'configurationId'],
    [{ pid: 0 }, 'pid'],
    [{ replicaId: 'ABCDEF0123456789' }, 'replicaId'],
    [{ receive: undefined }, 'receive'],
    [{ endpoint: '127.0.0.1' }, 'endpoint'],
    [{ peers: 7 }, 'peers'],
    [{ peers: [{ pid: 1, endpoint: '127.0.0.1:1' }] }, 'named twice'],
    [{ peers: [2, 3].map((pid) => ({ pid, endpoint: '127.0.0.1:1' })) }, 'an endpoint that is not named twice'],
    [{ peers: [{ pid: 2, endpoint: '127.0.0.1' }] }, 'peers[0].endpoint'],
    [{ peers: [{ pid: 2, endpoint: '127.0.0.1:0' }] }, 'peers[0].endpoint'],
    [{ peers: [{ pid: 2, endpoint: '::1:80' }] }, 'peers[0].endpoint'],
    [{ peers: [{ pid: 2, endpoint: '10.0.0.1:80' }] }, 'plain: true'],
  ])('refuses %o', async (changes, word) => {
    const { transport } = await openTransport();
    const error = await failureOf(() => transport.join(new Party(1, [], changes)));
    expect(error).toMatchObject({ code: 'INVALID_ARGUMENT', message: expect.stringContaining(word) });
  });
});

describe('a new transport', () => {
  it.each<[object, string]>([
    [{ listen: '0.0.0.0:0' }, 'give tls, or plain: true'],
    [{ listen: 'localhost' }, 'listen'],
    [{ listen: '[127.0.0.1]:80' }, 'listen'],
    [{ listen: 'localhost:65536' }, 'listen'],
    [{ electionTimeoutMs: 49 }, 'electionTimeoutMs'],
    [{ maxFrameBytes: 2 ** 31 }, 'maxFrameBytes'],
    [{ plain: 1 }, 'plain'],
    [{ log: 'x' }, 'log'],
    [{ onConnect: 1 }, 'no other name'],
    [{ tls: { key: '', cert: '', ca: '' } }, 'tls.key'],
    [{ tls: { key: 'k', cert: 'c', ca: 'a' } }, 'all PEM'],
    [{ tls: () => ({}), plain: true }, 'plain'],
  ])('refuses %o', async (changes, word) => {
    const error = await failureOf(() => new TcpTransport({ listen: 'localhost:0', ...changes } as never));
    expect(error).toMatchObject({ code: 'INVALID_ARGUMENT', message: expect.stringContaining(word) });
  });

  it('listens beyond this machine where that is asked for', async () => {
    const { endpoint } = await openTransport({ listen: '0.0.0.0:0', plain: true });
    expect(endpoint).toMatch(/^0\.0\.0\.0:[1-9]/);
  });
});

describe('close', () => {
  it('may be called twice, before anything, and with work under way', async () => {
    const unused = new TcpTransport({ listen: '127.0.0.1:0' });
    await Promise.all([unused.close(), unused.close()]);
    expect(await failureOf(() => unused.listen())).toMatchObject({ code: 'STOPPED' });
    expect(await failureOf(() => new Party(1, []).join(unused))).toMatchObject({ code: 'STOPPED' });

    const early = new TcpTransport({ listen: '127.0.0.1:0' });
    const joining = failureOf(() => new Party(1, []).join(early));
    await early[Symbol.asyncDispose]();
    expect(await joining).toMatchObject({ code: 'STOPPED' });

    const { one, two, at } = await twoConnected();
    for (let i = 0; i < 100; i++) one.link?.send(2, Buffer.alloc(100_000));
    await Promise.all(at.map(({ transport }) => transport.close()));
    const told = [one.told.length, two.told.length];
    await sleep(50);
    expect([one.told.length, two.told.length]).toEqual(told);
  });

  it('ends connections that are half open, from both sides', async () => {
    const held = await rawServer(() => {});
    const { transport, port } = await openTransport();
    await new Party(1, [{ pid: 2, endpoint: `127.0.0.1:${held.port}` }]).join(transport);
    const silent = RawPeer.to(port);
    const greeting = RawPeer.greeting(port);
    await until(() => greeting.frames.length > 0 || greeting.socket.bytesRead > 0);
    await transport.close();
    await until(() => silent.isClosed && greeting.isClosed);
  });

  it('leaves nothing behind that keeps the process alive', async () => {
    const program = `
      import { TcpTransport } from ${JSON.stringify(compiled('lib/consensus/index.js'))};
      const make = () => new TcpTransport({ listen: '127.0.0.1:0', electionTimeoutMs: ${PATIENT}, log() {} });
      const [a, b] = [make(), make()];
      await Promise.all([a.listen(), b.listen()]);
      const told = { endpoint: '127.0.0.1:1', refusal() {}, connected() {}, disconnected() {}, elsewhere() {}, excluded() {}, receive() {} };
      const join = (transport, pid, peer, endpoint) =>
        transport.join({
          group: 'g', configurationId: 1, pid, replicaId: '0'.repeat(16), peers: [{ pid: peer, endpoint }], ...told });
      const link = await join(a, 1, 2, b.endpoint);
      await join(b, 2, 1, a.endpoint);
      while (!link.isConnected(2)) await new Promise((resolve) => setTimeout(resolve, 5));
      for (let i = 0; i < 50; i++) link.send(2, new Uint8Array(100_000));
      await Promise.all([a.close(), b.close()]);
      console.log('closed');`;
    const { stdout, stderr, exitCode } = await runNode(['--input-type=module', '-e', program]);
    expect({ stdout, stderr, exitCode }).toEqual({ stdout: 'closed\n', stderr: '', exitCode: 0 });
  });
});
