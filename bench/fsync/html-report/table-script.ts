// Runs in the browser: sorts the table of raw figures by the column whose heading is pressed, and copies it as it stands.
/// <reference lib="dom" />
/// <reference lib="dom.iterable" />

const table = document.querySelector<HTMLTableElement>('.raw table');
const copy = document.querySelector<HTMLButtonElement>('.copy');
if (table && copy) {
  for (const heading of table.tHead?.rows[0]?.cells ?? []) {
    heading.querySelector('button')?.addEventListener('click', () => sortBy(table, heading));
  }
  copy.addEventListener('click', () => copyTable(table, copy));
}

function sortBy(table: HTMLTableElement, heading: HTMLTableCellElement): void {
  const direction = heading.ariaSort === 'ascending' ? -1 : 1;
  for (const other of heading.parentElement?.children ?? []) other.ariaSort = 'none';
  heading.ariaSort = direction === 1 ? 'ascending' : 'descending';
  const body = table.tBodies[0];
  if (body === undefined) return;
  const valueIn = (row: HTMLTableRowElement) => exactValue(row.cells[heading.cellIndex]);
  const rows = [...body.rows].sort((a, b) => direction * compare(valueIn(a), valueIn(b)));
  body.append(...rows);
}

/** The exact value that a cell stands for. */
function exactValue(cell: HTMLTableCellElement | undefined): string {
  const { value } = cell?.dataset ?? {};
  return value ?? cell?.textContent?.trim() ?? '';
}

/** Numbers by their size, words by the alphabet, what is missing first. */
function compare(a: string, b: string): number {
  const [numberA, numberB] = [Number(a), Number(b)];
  if (a !== '' && b !== '' && !Number.isNaN(numberA) && !Number.isNaN(numberB)) return numberA - numberB;
  return a.localeCompare(b);
}

/** As lines of values between tabs, which every spreadsheet takes. */
async function copyTable(table: HTMLTableElement, button: HTMLButtonElement): Promise<void> {
  const lines = [...table.rows].map((row) => {
    return [...row.cells].map((cell) => exactValue(cell)).join('\t');
  });
  const label = button.textContent;
  try {
    await navigator.clipboard.writeText(`${lines.join('\n')}\n`);
    button.textContent = 'Copied';
  } catch {
    getSelection()?.selectAllChildren(table); // where the browser lets nobody write there
    button.textContent = 'Selected: copy it with your keyboard';
  }
  setTimeout(() => {
    button.textContent = label;
  }, 3000);
}

export {};
