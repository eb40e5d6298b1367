import { Table } from 'console-table-printer';
import type { Outcome } from './worker-pool.js';

/** How many states of each workload and profile there were. */
export class Summary {
  readonly #counts = new Map<string, Record<string, number>>();

  add({ batch, result }: Outcome): void {
    const columns: string[] = [result.profile];
    if (result.isSecondCut) columns.push('cut twice');
    if (result.violation !== undefined) columns.push('violations');
    for (const column of columns) {
      for (const row of [batch.workload, 'all']) {
        const counts = this.#counts.get(row) ?? {};
        counts[column] = (counts[column] ?? 0) + 1;
        this.#counts.set(row, counts);
      }
    }
  }

  print(): void {
    const columns = ['ordered', 'strict', 'cut twice', 'violations'];
    const table = new Table({
      shouldDisableColors: true,
      columns: [{ name: 'workload', alignment: 'left' }, ...columns.map((name) => ({ name }))],
    });
    const rows = [...this.#counts].sort(([a], [b]) => Number(a === 'all') - Number(b === 'all'));
    for (const [workload, counts] of rows) {
      table.addRow({ workload, ...Object.fromEntries(columns.map((name) => [name, counts[name] ?? 0])) });
    }
    table.printTable();
  }
}
