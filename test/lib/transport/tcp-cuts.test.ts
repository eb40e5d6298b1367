// Connections that are cut at any moment, by chance: whatever is lost, order is kept, nothing comes twice, and nothing comes
// from an older connection behind a newer one.

import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from '@jest/globals';
import { SeededRandom } from '../../../lib/testing/seeded-random.js';
import { openTransport, Party, TcpProxy } from '../../support/transports.js';
import { until } from '../../support/until.js';

const { CUTS_SEED = Date.now() % 1_000_000, CUTS: cuts = 60 } = process.env;
const SEED = Number(CUTS_SEED);
const CUTS = Number(cuts);
const GROUPS = ['a', 'b'];
const LENGTHS = [0, 10, 1000, 70_000];

/** Numbers its messages by the connection that they are sent on. */
class Sender extends Party {
  #connection = 0;
  #sent = 0;
  #was = false;

  override connected(pid: number): void {
    super.connected(pid);
    if (this.isConnected(pid) && !this.#was) {
      this.#connection++;
      this.#sent = 0;
      this.#was = true;
    }
  }

  override disconnected(pid: number): void {
    super.disconnected(pid);
    if (!this.isConnected(pid)) this.#was = false;
  }

  sendNext(pid: number, text: string): void {
    if (this.isConnected(pid)) void this.send(pid, `${this.#connection} ${this.#sent++} ${text}`);
  }
}

/** What came on each connection is a beginning of what was sent on it, and connections do not mix. */
function check(receiver: Party): number {
  let connection = 0;
  let expected = 0;
  for (const message of receiver.messages) {
    const [, on, number] = message.split(' ').map(Number) as [number, number, number];
    if (on > connection) {
      connection = on;
      expected = 0;
    }
    if (on !== connection || number !== expected) {
      throw new Error(`message ${number} of connection ${on}, where ${expected} of ${connection} was expected`);
    }
    expected++;
  }
  return receiver.messages.length;
}

it(`keeps order through cuts, by the seed ${SEED}`, async () => {
  const random = new SeededRandom(SEED);
  const at = [await openTransport(), await openTransport()] as const;
  const lag = () => random.within(0, 3);
  const proxies = [await TcpProxy.to(at[0].port, lag), await TcpProxy.to(at[1].port, lag)] as const;
  const parties: [Sender, Sender][] = [];
  for (const group of GROUPS) {
    const one = new Sender(1, [{ pid: 2, endpoint: proxies[1].endpoint }], { group });
    const two = new Sender(2, [{ pid: 1, endpoint: proxies[0].endpoint }], { group });
    await one.join(at[0].transport);
    await two.join(at[1].transport);
    parties.push([one, two]);
  }
  const areConnected = () => parties.every(([one, two]) => one.isConnected(2) && two.isConnected(1));
  const sendAll = () => {
    for (const [one, two] of parties) {
      for (let count = random.within(0, 5); count > 0; count--) {
        one.sendNext(2, 'x'.repeat(random.oneOf(LENGTHS)));
        two.sendNext(1, 'x'.repeat(random.oneOf(LENGTHS)));
      }
    }
  };
  for (let left = CUTS; left > 0; left--) {
    for (let turns = random.within(1, 15); turns > 0; turns--) {
      sendAll();
      await sleep(random.within(0, 3));
    }
    const proxy = random.oneOf(proxies);
    if (random.chance(50)) proxy.sever();
    else proxy.cut();
    if (random.chance(50)) await until(areConnected);
  }
  // The last cut may not have been noticed yet, and then what is sent is lost.
  await until(() => {
    for (const [one, two] of parties) {
      one.sendNext(2, 'end');
      two.sendNext(1, 'end');
    }
    return parties.flat().every((party) => party.messages.at(-1)?.endsWith('end'));
  });
  for (const party of parties.flat()) expect(check(party)).toBeGreaterThan(1);
});
