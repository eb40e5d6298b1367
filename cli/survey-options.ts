// What verify and repair are told alike.

import { Option } from 'commander';
import type { SurveyOptions } from '../lib/damage/survey.js';
import { msgpackCodec } from '../lib/format/msgpack-codec.js';
import type { WorkProgress } from './work-progress.js';

export const codecOption = new Option(
  '--codec <name>',
  'of the entries: msgpack, the default of a storage, decodes each as well; raw takes them as they are, as those of a ' +
    'Replica are taken in any case',
)
  .choices(['msgpack', 'raw'])
  .default('raw');

export function surveyOptions(codec: 'msgpack' | 'raw', progress: WorkProgress): SurveyOptions {
  return { progress: progress.show, ...(codec === 'msgpack' && { entryCodec: msgpackCodec<unknown>() }) };
}
