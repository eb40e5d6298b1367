import type { PackedBatch } from '../../binding/packed-batch.js';
import type { Clock } from '../consensus/clock.js';
import type { PaxosRunner } from '../consensus/paxos-runner.js';
import type { StateExchange } from '../consensus/state-exchange.js';
import type { LogIndex } from '../contract/storage.js';
import { StorageError } from '../contract/storage-error.js';
import { compactionOps } from '../log/compaction.js';
import type { Cursor } from '../log/cursor.js';
import { accessOf } from '../log/storage-methods.js';
import { decodeNote, encodeNote } from '../replica/notes.js';
import { StateTransfer } from '../replica/state-transfer.js';
import { replacementOps } from '../snapshots/log-move.js';
import { STOPSIGN } from './invariants.js';
import { OwnStateRecord } from './lagging-log.js';
import { OWN_STATE, PIECE_BYTES, type RunnerDisk, type StoredState } from './runner-disk.js';

/** @internal What is done wrong with states, to show that a simulation notices it. */
export type StateFault =
  /** The sync that rests on a state is sent, and taken, before the state is there. */
  | 'sync before state'
  /** The log is emptied for a state, beside the protocol, and the accepted round kept. */
  | 'installed beside'
  /** What is accepted behind a peer's state, which takes the place of one that is lost, goes. */
  | 'replaced with less'
  /** What is accepted below it stays, and counts as decided. */
  | 'replaced above others';

/** `state`, of a peer, takes the place of one that is lost: no runner is open. @throws DiskFailure */
export async function replaceState(disk: RunnerDisk, state: StoredState, fault: StateFault | undefined): Promise<void> {
  const { index } = state;
  const less = { type: 'appendOnPrefix', fromIdx: index, entries: [] } as const;
  const ops = (log: Cursor) => {
    if (fault === 'replaced above others')
      return [{ type: 'setDecidedIdx', idx: Math.max(index, log.decidedIdx) } as const];
    return [...(fault === 'replaced with less' ? [less] : []), ...replacementOps(log, index)];
  };
  await accessOf(disk.storage).write(ops, () => {}, { alongside: new OwnStateRecord(state), sync: true });
}

export interface StatesUser {
  clock: Clock;
  runner: PaxosRunner<string>;
  send(to: number, message: Uint8Array): void;
  /** Its runner ends, `write` is done, and the next begins. */
  restart(write: () => Promise<void>): void;
}

/** How often peers are told how far this replica is, as of a `Replica`. */
const TELL_TICKS = 10;
/** A state takes several ticks. */
const BYTES_PER_TICK = 8 * PIECE_BYTES;

/** What a replica does beside its runner: takes its own state, and gives and takes states as a `Replica` does. */
export class SimulatedStates {
  readonly #disk: RunnerDisk;
  readonly #fault: StateFault | undefined;
  readonly #peers: readonly number[];
  readonly #transfer: StateTransfer;
  #own: StoredState | undefined;
  #isTaking = false;
  #arrivedAt: LogIndex = 0;

  constructor(disk: RunnerDisk, peers: readonly number[], fault: StateFault | undefined) {
    this.#peers = peers;
    this.#disk = disk;
    this.#fault = fault;
    this.#transfer = new StateTransfer(disk.states, {
      name: OWN_STATE,
      incoming: 'incoming',
      begin: 0,
      limits: { bytesPerTick: BYTES_PER_TICK, maxMessageBytes: Number.MAX_SAFE_INTEGER },
      current: () => this.#given,
    });
  }

  get #given(): LogIndex | undefined {
    return this.#isTaking ? undefined : this.#own?.index;
  }

  /** What the runner asks. */
  get exchange(): StateExchange {
    const transfer = this.#transfer;
    if (this.#fault !== 'sync before state') return transfer;
    return {
      get stateAt() {
        return transfer.stateAt;
      },
      givenTo: this.#peers,
      maxSyncBytes: transfer.maxSyncBytes,
      isOutgrown: () => transfer.isOutgrown(),
      isGiven: () => true,
      hasArrived: () => true,
      install: () => new OwnStateRecord(this.#own ?? { index: 0, bytes: Buffer.from('[]') }),
      installed: (index) => transfer.installed(index),
    };
  }

  open(): Promise<void> {
    return this.#transfer.open();
  }

  start({ clock, runner, send, restart }: StatesUser): void {
    const transfer = this.#transfer;
    transfer.send = (to, note) => {
      if (note.type === 'have') this.#arrivedAt = note.index;
      send(to, encodeNote(note));
    };
    transfer.hasCome = (from) => {
      if (this.#fault === 'installed beside') restart(this.#installingBeside(this.#arrivedAt));
      else runner.connected(from);
    };
    let ticks = 0;
    clock.every(
      0,
      () => {
        const { decidedIdx } = runner;
        transfer.tick(decidedIdx);
        if (++ticks % TELL_TICKS !== 0) return;
        for (const pid of this.#peers) send(pid, encodeNote({ type: 'standing', decidedIdx }));
      },
      TELL_TICKS,
    );
  }

  close(): void {
    this.#transfer.close();
  }

  receive(from: number, message: Uint8Array): void {
    const note = decodeNote(message);
    if (note.type === 'standing') this.#transfer.told(from, note.decidedIdx);
    else this.#transfer.heed(from, note);
  }

  reconnected(pid: number): void {
    this.#transfer.reconnected(pid);
  }

  /** Aborted once a peer's state has become this replica's own. */
  get nextInstallation(): AbortSignal {
    return this.#transfer.nextInstallation;
  }

  /** What its own state stands for. */
  async restore(): Promise<string[]> {
    this.#own = await this.#disk.ownState();
    return this.#own === undefined ? [] : JSON.parse(this.#own.bytes.toString());
  }

  /**
   * Its own state: what `applied` has led to. The log below it goes, but for `keepEntries`.
   * @throws DiskFailure
   */
  async take(applied: readonly string[], keepEntries: number): Promise<void> {
    const entries = applied.at(-1)?.startsWith(STOPSIGN) ? applied.slice(0, -1) : applied;
    const index = entries.length;
    const { compactedIdx } = accessOf(this.#disk.storage).cursor;
    if (this.#isTaking || this.#transfer.isBusy || index < compactedIdx || index <= (this.#own?.index ?? 0)) return;
    const state = { index, bytes: Buffer.from(JSON.stringify(entries)) };
    this.#isTaking = true;
    try {
      await this.#disk.compactTo(state, keepEntries);
      this.#own = state;
    } catch (error) {
      // A peer's state has come meanwhile, which was further.
      if (!(error instanceof StorageError && error.code === 'INVALID_ARGUMENT')) throw error;
    } finally {
      this.#isTaking = false;
    }
  }

  #installingBeside(index: LogIndex): () => Promise<void> {
    const alongside: PackedBatch = this.#transfer.install(index);
    return () =>
      accessOf(this.#disk.storage).write(
        () => [
          { type: 'appendOnPrefix', fromIdx: index, entries: [] },
          ...compactionOps(index),
          { type: 'setStopsign', stopsign: undefined },
          { type: 'setDecidedIdx', idx: index },
        ],
        () => {},
        { alongside, sync: true },
      );
  }
}
