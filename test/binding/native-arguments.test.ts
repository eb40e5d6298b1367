import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { runChild } from '../support/child.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const scenarios: [string, string, string][] = [
  ['refuses every kind of value in every place before it is opened', 'native-arguments.mjs', 'beforeOpen'],
  ['refuses every kind of value in every place while it is open', 'native-arguments.mjs', 'whileOpen'],
  ['refuses every kind of value in every place after it was closed', 'native-arguments.mjs', 'afterClose'],
  ['refuses callbacks that are none, and calls of a constructor without new', 'native-arguments.mjs', 'constructors'],
  ['refuses to be called on another object', 'native-arguments.mjs', 'receivers'],
  ['survives getters that use it in the middle of a call', 'native-arguments.mjs', 'reentrancy'],
  ['refuses a malformed batch as a whole', 'native-abuse.mjs', 'malformedBatches'],
  ['survives batches of random bytes', 'native-abuse.mjs', 'randomBatches'],
  ['survives callbacks that throw or give nonsense', 'native-abuse.mjs', 'callbacks'],
  ['survives being closed while it opens', 'native-abuse.mjs', 'closeAroundOpen'],
];

describe('the addon itself, past the checks of the binding', () => {
  it.each(scenarios)('%s', async (_, script, scenario) => {
    const path = join(temporaryFolder(), 'db');
    const ending = await runChild(script, [scenario, path], { nodeArguments: ['--expose-gc'] });
    expect(ending).toEqual({ code: 0, signal: null, stdout: 'done\n', stderr: '' });
  });
});
