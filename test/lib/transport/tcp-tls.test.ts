// Certificates on both sides: whose are taken, and how they are replaced.

import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { describe, expect, it } from '@jest/globals';
import { TcpTransport, type TlsCredentials } from '../../../lib/consensus/index.js';
import { helloFrame, newLine, preface, TYPE } from '../../../lib/transport/frames.js';
import { Authority } from '../../support/certificates.js';
import { type Opened, openTransport, Party, RawPeer, TcpProxy } from '../../support/transports.js';
import { until } from '../../support/until.js';

const authority = new Authority();
const foreign = new Authority('foreign');
const own = [1, 2].map((pid) => authority.credentials(pid)) as [TlsCredentials, TlsCredentials];

type Given = TlsCredentials | (() => TlsCredentials);

async function two(tls: [Given, Given]): Promise<{ one: Party; two: Party; at: [Opened, Opened]; proxy: TcpProxy }> {
  const at: [Opened, Opened] = [await openTransport({ tls: tls[0] }), await openTransport({ tls: tls[1] })];
  const proxy = await TcpProxy.to(at[1].port);
  const one = await new Party(1, [{ pid: 2, endpoint: proxy.endpoint }]).join(at[0].transport);
  return { one, two: await new Party(2, [{ pid: 1, endpoint: at[0].endpoint }]).join(at[1].transport), at, proxy };
}

/** Replica 2 made of bytes, with these certificates. */
function rawPeer(port: number, credentials: Partial<TlsCredentials>, more: object = {}): RawPeer {
  const options = { host: '127.0.0.1', port, checkServerIdentity: () => undefined, ...credentials, ...more };
  return new RawPeer(connectTls(options)).write(preface(), helloFrame({ line: newLine(), number: 1 })).join();
}

describe('two replicas with certificates of one authority', () => {
  it('talk with each other', async () => {
    const { one, two: other } = await two(own);
    await until(() => one.isConnected(2) && other.isConnected(1));
    const large = Buffer.alloc(3_000_000, 9);
    let received: Uint8Array | undefined;
    other.onReceive = (_, message) => {
      received = message;
    };
    await one.link?.send(2, large);
    await until(() => received !== undefined);
    expect(large.equals(received as Uint8Array)).toBe(true);
    for (let i = 0; i < 100; i++) other.send(1, `${i}`);
    await until(() => one.messages.length === 100);
    expect(one.messages).toEqual(Array.from({ length: 100 }, (_, i) => `2: ${i}`));
  });

  it('may have one for several pids', async () => {
    const both = authority.credentials(1, 2);
    const { one, two: other } = await two([both, both]);
    await until(() => one.isConnected(2) && other.isConnected(1));
  });
});

describe('refused, on both sides, with a reason that is logged once,', () => {
  it.each<[string, () => Given, string, string]>([
    [
      'a certificate for another pid',
      () => authority.credentials(3),
      'does not have the DNS name replica-2',
      'it says',
    ],
    ['a name in the subject alone', () => authority.named('DNS:other', 'replica-2'), 'DNS name replica-2', 'it says'],
    ['a wildcard', () => authority.named('DNS:*', 'x'), 'does not have the DNS name replica-2', 'it says'],
    [
      'a certificate of a foreign authority',
      () => ({ ...foreign.credentials(2), ca: authority.ca }),
      'TLS',
      'tried on',
    ],
  ])('is %s', async (_, make, reason, answer) => {
    const { one, two: other, at } = await two([own[0], make()]);
    await until(() => at[0].logged.some((line) => line.includes(reason)) && at[1].logged.length > 0);
    expect(at[0].logged.filter((line) => line.includes('connection from')).length).toBeLessThanOrEqual(2);
    await sleep(300); // they have tried on
    for (const { logged } of at) expect(new Set(logged).size).toBe(logged.length);
    expect(at[1].logged.some((line) => line.includes(answer))).toBe(true);
    expect([one.told, other.told, one.isConnected(2), other.isConnected(1)]).toEqual([[], [], false, false]);
  });

  it('is who trusts another authority', async () => {
    const { one, two: other, at } = await two([own[0], { ...own[1], ca: foreign.ca }]);
    await until(() => at.every(({ logged }) => logged.length >= 2));
    expect([one.told, other.told]).toEqual([[], []]);
  });

  it('is who has no certificate, speaks TLS 1.2, or no TLS', async () => {
    const { transport, port, logged } = await openTransport({ tls: own[0] });
    const party = await new Party(1, [{ pid: 2, endpoint: '127.0.0.1:9' }]).join(transport);
    const { ca } = own[0];
    const peers = [
      rawPeer(port, { ca }),
      rawPeer(port, own[1], { maxVersion: 'TLSv1.2' }),
      RawPeer.greeting(port).join(),
    ];
    await until(() => peers.every(({ isClosed }) => isClosed));
    expect(peers.every(({ frames }) => frames.length === 0)).toBe(true);
    expect(party.told).toEqual([]);
    await until(() => logged.filter((line) => line.includes('TLS')).length >= 3);
    const good = rawPeer(port, own[1]);
    await until(() => good.got(TYPE.joined).length === 1);
    expect(party.told).toEqual(['+2']);
  });

  it('is who joins and never gets through the handshake', async () => {
    const { port, logged } = await openTransport({ tls: own[0] });
    const peers = Array.from({ length: 100 }, () => RawPeer.to(port));
    await until(() => peers.filter(({ isClosed }) => isClosed).length >= 36);
    await until(() => peers.every(({ isClosed }) => isClosed));
    expect(logged.filter((line) => line.includes('too many'))).toHaveLength(1);
    expect(logged.filter((line) => line.includes('in time'))).toHaveLength(1);
  });
});

describe('new certificates', () => {
  it('are used by new connections, and old connections go on', async () => {
    const next = new Authority('next');
    // As an operator does it: first trust both, then show the new one.
    let tls = [1, 2].map((pid) => ({ ...own[pid - 1], ca: authority.ca + next.ca })) as [
      TlsCredentials,
      TlsCredentials,
    ];
    const { one, two: other, at, proxy } = await two([() => tls[0], () => tls[1]]);
    await until(() => one.isConnected(2) && other.isConnected(1));
    tls = [1, 2].map((pid) => ({ ...next.credentials(pid), ca: authority.ca + next.ca })) as typeof tls;
    one.send(2, 'old');
    await until(() => other.messages.length === 1);
    expect(one.count('-2')).toBe(0);
    proxy.cut();
    await until(() => one.count('-2') > 0 && one.isConnected(2));
    one.send(2, 'new');
    await until(() => other.messages.length === 2);
    // Who trusts the new authority alone is let in, so it is the new certificate that is shown.
    const { ca } = next;
    const peer = rawPeer(at[0].port, { ...next.credentials(2), ca });
    await until(() => peer.got(TYPE.joined).length === 1);
  });

  it('that cannot be used leave the old ones in place, and are logged', async () => {
    let tls: () => TlsCredentials = () => own[0];
    const { one, two: other, at, proxy } = await two([() => tls(), own[1]]);
    await until(() => one.isConnected(2) && other.isConnected(1));
    tls = () => {
      throw new Error('no such file');
    };
    proxy.cut();
    await until(() => one.count('-2') > 0 && one.isConnected(2));
    expect(at[0].logged.filter((line) => line.includes('no such file'))).toHaveLength(1);
    tls = () => ({ ...own[0], key: own[1].key });
    const ended = one.count('-2');
    proxy.cut();
    await until(() => one.count('-2') > ended && one.isConnected(2));
    expect(at[0].logged.filter((line) => line.includes('all PEM'))).toHaveLength(1);
  });

  it('are refused at the start, without showing the key', () => {
    const given = { ...own[0], key: own[1].key };
    expect(() => new TcpTransport({ listen: '127.0.0.1:0', tls: given })).toThrow(/key values mismatch|all PEM/);
    expect(() => new TcpTransport({ listen: '127.0.0.1:0', tls: () => ({ ...own[0], ca: '' }) })).toThrow(/tls.ca/);
  });
});
