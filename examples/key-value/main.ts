// Runs a replica, restarts it, and brings up another from its snapshot. Usage: main.js [folder]

import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Replica } from './replica.js';

const folder = process.argv[2] ?? (await mkdtemp(join(tmpdir(), 'key-value-')));

let replica = await Replica.open(join(folder, 'a'));
for (let i = 0; i < 2500; i += 50) {
  const fifty = Array.from({ length: 50 }, (_, n) => ({ set: `key ${(i + n) % 400}`, to: `value ${i + n}` }));
  await Promise.all(fifty.map((command) => replica.propose(command)));
}
await replica.propose({ delete: 'key 7' });
console.log(`applied ${replica.applied} commands, holds ${replica.size} keys`);
await replica.close();

replica = await Replica.open(join(folder, 'a'));
console.log(`restarted: ${replica.size} keys at ${replica.applied}; key 8 is ${replica.get('key 8')}`);

const bytes = await replica.latestSnapshot();
if (bytes === undefined) throw new Error('there is no snapshot yet');
const follower = await Replica.open(join(folder, 'b'));
await follower.install(bytes.snapshot.index, bytes);
console.log(`a new replica has ${follower.size} keys at ${follower.applied}`);
await follower.propose({ set: 'key 0', to: 'goes on' });
console.log(`and goes on at ${follower.applied}`);
await Promise.all([replica.close(), follower.close()]);
