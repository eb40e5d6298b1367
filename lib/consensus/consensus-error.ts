/** What a {@link ConsensusError} is about. */
export type ConsensusErrorCode =
  | 'ENGINE_FAILED'
  | 'INVALID_ARGUMENT'
  | 'LOST_DISK'
  | 'MALFORMED_MESSAGE'
  | 'NOT_DECIDED'
  | 'OUTCOME_UNKNOWN'
  | 'PENDING_RECONFIGURATION'
  | 'RECONFIGURED'
  | 'STATE_MACHINE_FAILED'
  | 'STOPPED'
  | 'STORAGE_FAILED';

/**
 * A failure of consensus. `cause` holds the error beneath, where there is one.
 *
 * - `ENGINE_FAILED`: the engine has met with something that it cannot go on from; open the replica again
 * - `INVALID_ARGUMENT`: nothing was done
 * - `LOST_DISK`: a replica that voted before has nothing on its disk, and must not vote
 * - `MALFORMED_MESSAGE`: bytes that no replica of this configuration sends to this one; nothing was done
 * - `NOT_DECIDED`: the proposal is not in the log, and never will be
 * - `OUTCOME_UNKNOWN`: the proposal may be decided yet
 * - `PENDING_RECONFIGURATION`: a stop-sign has been accepted, and no entry comes behind it
 * - `RECONFIGURED`: the configuration has ended; go on in the next one
 * - `STATE_MACHINE_FAILED`: a command that is decided cannot be applied; the replica has ended there, as every other will
 * - `STOPPED`: it was stopped before
 * - `STORAGE_FAILED`: the storage could not be written or read. The replica has ended there; open it again
 */
export class ConsensusError extends Error {
  /** Stable: messages may change, codes do not. */
  readonly code: ConsensusErrorCode;

  /** `cause` in `options` is the error beneath. */
  constructor(code: ConsensusErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ConsensusError';
    this.code = code;
  }
}

/** @internal */
export function pendingReconfiguration(): ConsensusError {
  const message = 'a stop-sign has been accepted, and nothing comes behind it: propose to the next configuration';
  return new ConsensusError('PENDING_RECONFIGURATION', message);
}

export function storageFailed(how: 'read' | 'written', cause: unknown): ConsensusError {
  const message = `the storage could not be ${how}, and the replica has ended: ${messageOf(cause)}`;
  return new ConsensusError('STORAGE_FAILED', `${message}; open both again`, { cause });
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
