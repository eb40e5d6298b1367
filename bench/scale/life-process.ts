// The process of one life: `node life-process.js SETTING`. What it has resident is of that life alone.

import { LIVES } from './life.js';
import { live } from './live.js';
import type { LifeMessage, LifeSetting } from './point.js';

const { life: name, path, entries } = JSON.parse(process.argv[2] as string) as LifeSetting;
const life = LIVES.find((each) => each.name === name);
if (life === undefined) throw new Error(`there is no life named ${name}`);
const end = () => process.exit(1);
process.once('disconnect', end); // who asked for it is gone
await live(life, path, entries, (message: LifeMessage) => process.send?.(message));
process.off('disconnect', end);
process.disconnect();
