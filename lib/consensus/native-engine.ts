// The compiled engine as it shows itself. What crosses is packed: engine/src/step.rs says how.

export interface NativeEngineOptions {
  pid: number;
  configurationId: number;
  nodes: number[];
  readQuorumSize?: number;
  writeQuorumSize?: number;
  electionTicks: number;
  resendTicks: number;
  priority: number;
  /** Whether a sync that rests on a state must carry it. */
  statesInSyncs: boolean;
  /** A sync of more bytes rests on the state that can be given, where it is of use to the peer. */
  maxSyncBytes: number;
  /** A guard to leave out, for the tests that show what it is for. */
  withoutGuard?: string;
}

/** Gives entries `[from, to)` of the storage, packed. */
export type ReadThrough = (from: number, to: number) => Uint8Array;

export interface NativeEngine {
  /** The first byte of what it gives is one of {@link ANSWER}. */
  step(input: Uint8Array, read: ReadThrough): Buffer;
}

export interface NativeEngineModule {
  NativeEngine: new (options: NativeEngineOptions, records: Uint8Array) => NativeEngine;
  /** What of a frame only a codec can check. */
  contents(frame: Uint8Array): Buffer;
  /** The index of the state that a frame rests on, -1 for none; why it is no frame. */
  check(frame: Uint8Array): number | string;
}

export const ANSWER = { done: 0, failed: 1, busy: 2 } as const;
