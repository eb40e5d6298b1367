/**
 * Takes messages for peers, fire and forget: a message may be lost, never repeated, and messages to one peer must not
 * overtake each other. A `send` that hangs or throws must not hold up its caller.
 */
export interface MessageSink {
  /** Sends `message`, which nobody changes any more, to the replica `to`. */
  send(to: number, message: Uint8Array): void | Promise<void>;
}
