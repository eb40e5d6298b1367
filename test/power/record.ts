// One workload from its beginning to its end, in a process of its own under the recorder.
//   node record.js WORKLOAD SEED ROOT RECORDING

import { argv } from 'node:process';
import { Recorder } from './marks.js';
import { playSteps } from './play-steps.js';
import { WORKLOADS, type Workload } from './steps.js';

const [, , name = '', seed, root = '', recording = ''] = argv;
const recorder = new Recorder();
recorder.begin(recording);
await playSteps(root, WORKLOADS[name] as Workload, Number(seed), (text) => recorder.mark(text));
recorder.end();
