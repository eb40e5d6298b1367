// Finds and loads the compiled engine. Nothing outside lib/consensus/ does: who wants the storage alone never loads it.

import { join } from 'node:path';
import { type Binary, loadBinary, packageRoot, prebuiltFolder } from '../../binding/load-binary.js';
import type { NativeEngineModule } from './native-engine.js';

const ENGINE: Binary = {
  what: 'the consensus engine',
  file: 'engine.node',
  built: ['build', 'engine.node'],
  errorCode: 'ERR_ENGINE_NOT_LOADED',
};

let loaded: NativeEngineModule | undefined;

/**
 * The engine, loaded at the first call.
 * @throws Error with code `ERR_ENGINE_NOT_LOADED`: what was looked for, why it would not do, and the command that mends it
 */
export function loadEngine(): NativeEngineModule {
  loaded ??= loadEngineFrom(packageRoot());
  return loaded;
}

/** @internal Exported for its tests; use {@link loadEngine}. */
export function loadEngineFrom(root: string): NativeEngineModule {
  return loadBinary<NativeEngineModule>(ENGINE, root);
}

/** @internal Where the build of a clone puts the engine. */
export function builtEnginePath(root: string): string {
  return join(root, ...ENGINE.built);
}

/** @internal Where the published package has the engine for this platform. */
export function prebuiltEnginePath(root: string): string {
  return join(prebuiltFolder(root), ENGINE.file);
}
