/** What a disk showed to who opened it. Equal where it was the same. */
export type Shown = string;

export interface CheckOptions {
  /** What the disk has shown before: it must be the same again. */
  shown?: Shown | undefined;
  /** Called once the disk has shown all of it, and before it is closed. */
  onShown?: (() => void) | undefined;
  /** Whether work goes on there afterwards, and is looked at too. */
  goOn: boolean;
}

/** Compares disks that a power cut has left with what a workload had told by then. */
export interface DiskCheck {
  /**
   * Opens what is in `root`, and compares it.
   * @param marks - what the workload had told
   * @throws Error that tells what was lost, made up or refused
   */
  check(root: string, marks: readonly string[], options: CheckOptions): Promise<Shown>;
}
