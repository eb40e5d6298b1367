/** Whether the methods of a storage return once they are done, or return promises. */
export type Mode = 'blocking' | 'async';

/** What a method of a storage of this mode returns. */
export type Result<M extends Mode, V> = M extends 'async' ? Promise<V> : V;
