import { loadAddon } from './load-addon.js';

/** CRC-32C (Castagnoli) of `bytes`, or, with `initial`, of `bytes` behind those that have given `initial`. */
export function crc32c(bytes: Uint8Array, initial = 0): number {
  return loadAddon().crc32c(bytes, initial);
}
