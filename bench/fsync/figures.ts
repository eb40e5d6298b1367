// Figures as a person reads them: three digits, and the unit that suits their size.

const threeDigits = new Intl.NumberFormat('en', { maximumSignificantDigits: 3 });
const allDigits = new Intl.NumberFormat('en');
const inShort = new Intl.NumberFormat('en', { notation: 'compact' });

export function showNumber(value: number): string {
  return threeDigits.format(value);
}

/** A count, with every digit. */
export function showCount(count: number): string {
  return allDigits.format(count);
}

/** "10K", "2.5M" */
export function compact(value: number): string {
  return inShort.format(value);
}

export function showTime(us: number): string {
  if (us < 1000) return `${showNumber(us)} µs`;
  return us < 1e6 ? `${showNumber(us / 1000)} ms` : `${showNumber(us / 1e6)} s`;
}

export function showRate(perSecond: number): string {
  return `${showNumber(perSecond)}/s`;
}

export function rateInWords({ entriesPerSecond, p99Us }: { entriesPerSecond: number; p99Us: number }): string {
  return `${showNumber(entriesPerSecond)} entries/s at a p99 of ${showTime(p99Us)}`;
}

export function showBytes(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  if (bytes < 1024 ** 2) return `${showNumber(bytes / 1024)} KiB`;
  return bytes < 1024 ** 3 ? `${showNumber(bytes / 1024 ** 2)} MiB` : `${showNumber(bytes / 1024 ** 3)} GiB`;
}

const BYTE_UNITS = ['B', 'kB', 'MB', 'GB'];

/** In powers of a thousand, as the marks of an axis are. */
export function showByteRate(perSecond: number): string {
  const power = Math.min(BYTE_UNITS.length - 1, Math.max(0, Math.floor(Math.log10(perSecond) / 3)));
  return `${showNumber(perSecond / 1000 ** power)} ${BYTE_UNITS[power]}/s`;
}

/** "12 %" */
export function showShare(share: number): string {
  return `${showNumber(share * 100)} %`;
}
