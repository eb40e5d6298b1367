import { ConsensusError } from '../consensus/consensus-error.js';
import type { Troubles } from './fault-script.js';

/** Which run, of how many replicas, with which troubles. */
export interface SimulationOptions extends Troubles {
  /** An integer. The same seed, with the same options, is the same run. */
  seed: number;
  /** Default 3. */
  replicas?: number;
  /** Of runners: their option `earlyRelease`. Default false. */
  earlyRelease?: boolean;
  /**
   * Of runners: each compacts for itself whatever its peers lack, and gives its state to those that need it. Default false:
   * none compacts what another may lack.
   */
  stateTransfer?: boolean;
  /** Of runners with `stateTransfer`: in crashes some lose their state, and do not run before they have that of a peer. Default false. */
  lostStates?: boolean;
  /** Told what happens, line by line. */
  trace?: (line: string) => void;
}

/** What a simulation has been through. */
export interface SimulationReport {
  /** Of the run: it replays it. */
  seed: number;
  /** How often a replica was called. */
  steps: number;
  /** Entries, on the replica that knows most. */
  decided: number;
  /** Of replicas, with or without the loss of unsynced writes. */
  crashes: number;
  /** States of peers that took the place of a runner's log. */
  installations: number;
  /** Frames that came on a connection that had been replaced. */
  lateFrames: number;
  /** From the end of all trouble until all replicas had decided the same, and something new. */
  ticksToProgress: number;
}

/** What a simulation found. The seed replays it. */
export class SimulationFailure extends Error {
  /** Of the run: it replays it. */
  readonly seed: number;

  /** The message is told with the seed before it. */
  constructor(seed: number, message: string, options?: ErrorOptions) {
    super(`seed ${seed}: ${message}`, options);
    this.name = 'SimulationFailure';
    this.seed = seed;
  }
}

/** @throws ConsensusError INVALID_ARGUMENT */
export function checkSimulationOptions({ seed, replicas = 3, loss = false }: SimulationOptions) {
  if (!Number.isInteger(seed)) throw invalid('seed', 'an integer', seed);
  if (!Number.isInteger(replicas) || replicas < 2 || replicas > 9) {
    throw invalid('replicas', 'an integer from 2 to 9', replicas);
  }
  return { seed, replicas, loss };
}

function invalid(name: string, wanted: string, given: unknown): ConsensusError {
  return new ConsensusError('INVALID_ARGUMENT', `${name} must be ${wanted}, not ${String(given)}`);
}
