import type { Table } from 'console-table-printer';

type Columns = NonNullable<NonNullable<Exclude<ConstructorParameters<typeof Table>[0], readonly unknown[]>>['columns']>;

/** A table without colours. Its package is loaded only here, so that what prints no table works without it. */
export async function newTable(columns: Columns): Promise<Table> {
  const { Table } = await import('console-table-printer');
  return new Table({ shouldDisableColors: true, columns });
}
