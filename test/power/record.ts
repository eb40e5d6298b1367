// One workload from its beginning to its end, in a process of its own under the recorder.
//   node record.js WORKLOAD SEED ROOT RECORDING

import { argv } from 'node:process';
import { Recorder } from './marks.js';
import { WORKLOADS } from './workloads.js';

const [, , name = '', seed, root = '', recording = ''] = argv;
const recorder = new Recorder();
recorder.begin(recording);
await WORKLOADS.get(name)?.play(root, Number(seed), (text) => recorder.mark(text));
recorder.end();
