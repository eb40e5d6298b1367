import { setTimeout as sleep } from 'node:timers/promises';
import { Database, RocksError } from '../binding/index.js';

const ATTEMPTS = 10;
const PAUSE_MS = 50;

/**
 * Opens a database that another process may be writing to. Between the listing of its files and their opening the writer
 * may replace some; a second look then finds the new ones. What is really damaged is still damaged at the last attempt.
 */
export async function openReadOnly(path: string): Promise<Database> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await Database.open(path, { readOnly: true });
    } catch (error) {
      const mayPass = error instanceof RocksError && (error.code === 'IO_ERROR' || error.code === 'CORRUPTION');
      if (!mayPass || attempt === ATTEMPTS) throw error;
      await sleep(PAUSE_MS);
    }
  }
}
