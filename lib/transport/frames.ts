// What goes over a connection. The side that dialled sends messages; the other one answers, and has a connection of its own
// for its messages. All numbers are little-endian.
//
// Each side begins with a preface of 12 bytes, "omnipaxT" and the version (u32). Frames follow: the length of the payload
// (u32), the type (u8), the payload. A channel is one group on this connection, numbered from 1 by who dialled; numbers grow.
//
// | type      | from     | payload                                                                                      |
// |-----------|----------|----------------------------------------------------------------------------------------------|
// | 1 HELLO   | dialling | line (16 bytes), number of the connection on that line (u32); the first frame, and once      |
// | 2 JOIN    | dialling | channel, configuration, from pid, to pid (u32 each), replica id of `from` (8 bytes), length of  |
// |           |          | the group (u32), group, endpoint of `from`                                                   |
// | 3 JOINED  | answer   | channel (u32), replica id of `to` (8 bytes)                                                  |
// | 4 REFUSED | answer   | channel, configuration (u32 each), reason; also ends a channel that was joined. Channel 0 is  |
// |           |          | all the connection. Another configuration than the channel's: `to` is in that one; the same: |
// |           |          | `from` is no member of it; 0: neither is why                                                 |
// | 5 LEAVE   | dialling | channel (u32)                                                                                |
// | 6 MESSAGE | dialling | channel (u32), message; on a joined channel                                                  |
// | 7 BEAT    | both     | nothing: the sender lives                                                                    |

import { ConsensusError } from '../consensus/consensus-error.js';

export const VERSION = 1;
export const TYPE = { hello: 1, join: 2, joined: 3, refused: 4, leave: 5, message: 6, beat: 7 };

const MAGIC = Buffer.from('omnipaxT', 'latin1');
export const PREFACE_BYTES = MAGIC.length + 4;
export const HEAD_BYTES = 5;
/** Of every payload but a message's. */
export const MAX_CONTROL_BYTES = 4096;
export const MAX_GROUP_BYTES = 1024;
export const MAX_ENDPOINT_BYTES = 1024;
const MAX_REASON_BYTES = 1024;
const LINE_BYTES = 16;
const REPLICA_ID_BYTES = 8;
const JOIN_BYTES = 4 * 4 + REPLICA_ID_BYTES + 4;
const REFUSED_BYTES = 2 * 4;
/** What a message has before it in its payload. */
export const CHANNEL_BYTES = 4;
/** Up to here one copy is cheaper than two writes. */
const COPIED_BYTES = 16 * 1024;

export interface Hello {
  /** One side's way to one endpoint, by a random name. */
  line: string;
  /** Grows with each connection on the line. */
  number: number;
}

export interface Join {
  channel: number;
  configurationId: number;
  from: number;
  to: number;
  replicaId: string;
  group: string;
  endpoint: string;
}

export interface Refused {
  /** 0: all of them. */
  channel: number;
  /** See the table. */
  configurationId: number;
  reason: string;
}

export function malformed(reason: string, cause?: unknown): ConsensusError {
  return new ConsensusError('MALFORMED_MESSAGE', reason, { cause });
}

export function preface(): Buffer {
  const bytes = Buffer.alloc(PREFACE_BYTES);
  MAGIC.copy(bytes);
  bytes.writeUInt32LE(VERSION, MAGIC.length);
  return bytes;
}

/** @throws ConsensusError MALFORMED_MESSAGE */
export function checkPreface(bytes: Buffer): void {
  if (!bytes.subarray(0, MAGIC.length).equals(MAGIC)) throw malformed('it does not speak this protocol');
  const version = bytes.readUInt32LE(MAGIC.length);
  if (version !== VERSION) throw malformed(`it speaks version ${version} of the protocol, not ${VERSION}`);
}

// ── To bytes ─────────────────────────────────────────────────────────────────────────────────────────────────────────

/** A frame whose payload is to be filled. */
function emptyFrame(type: number, payloadBytes: number): Buffer {
  const bytes = Buffer.allocUnsafe(HEAD_BYTES + payloadBytes);
  bytes.writeUInt32LE(payloadBytes, 0);
  bytes.writeUInt8(type, 4);
  return bytes;
}

export function helloFrame({ line, number }: Hello): Buffer {
  const bytes = emptyFrame(TYPE.hello, LINE_BYTES + 4);
  bytes.write(line, HEAD_BYTES, 'hex');
  bytes.writeUInt32LE(number, HEAD_BYTES + LINE_BYTES);
  return bytes;
}

export function newLine(): string {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(LINE_BYTES))).toString('hex');
}

export function joinFrame({ channel, configurationId, from, to, replicaId, group, endpoint }: Join): Buffer {
  const name = Buffer.from(group);
  const text = Buffer.concat([name, Buffer.from(endpoint)]);
  const bytes = emptyFrame(TYPE.join, JOIN_BYTES + text.length);
  let at = HEAD_BYTES;
  for (const number of [channel, configurationId, from, to]) at = bytes.writeUInt32LE(number, at);
  at += bytes.write(replicaId, at, 'hex');
  text.copy(bytes, bytes.writeUInt32LE(name.length, at));
  return bytes;
}

export function joinedFrame(channel: number, replicaId: string): Buffer {
  const bytes = emptyFrame(TYPE.joined, 4 + REPLICA_ID_BYTES);
  bytes.write(replicaId, bytes.writeUInt32LE(channel, HEAD_BYTES), 'hex');
  return bytes;
}

/** A long reason is cut. */
export function refusedFrame(channel: number, reason: string, configurationId = 0): Buffer {
  const text = Buffer.from(reason).subarray(0, MAX_REASON_BYTES);
  const bytes = emptyFrame(TYPE.refused, REFUSED_BYTES + text.length);
  text.copy(bytes, bytes.writeUInt32LE(configurationId, bytes.writeUInt32LE(channel, HEAD_BYTES)));
  return bytes;
}

export function leaveFrame(channel: number): Buffer {
  const bytes = emptyFrame(TYPE.leave, 4);
  bytes.writeUInt32LE(channel, HEAD_BYTES);
  return bytes;
}

export const BEAT: Buffer = emptyFrame(TYPE.beat, 0);

/** One or two pieces, to be written one behind the other. */
export function messagePieces(channel: number, message: Uint8Array): Uint8Array[] {
  const isCopied = message.byteLength <= COPIED_BYTES;
  const bytes = Buffer.allocUnsafe(HEAD_BYTES + CHANNEL_BYTES + (isCopied ? message.byteLength : 0));
  bytes.writeUInt32LE(CHANNEL_BYTES + message.byteLength, 0);
  bytes.writeUInt8(TYPE.message, 4);
  bytes.writeUInt32LE(channel, HEAD_BYTES);
  if (!isCopied) return [bytes, message];
  bytes.set(message, HEAD_BYTES + CHANNEL_BYTES);
  return [bytes];
}

// ── From bytes ───────────────────────────────────────────────────────────────────────────────────────────────────────

/** @throws ConsensusError MALFORMED_MESSAGE, as all below */
export function readHello(payload: Buffer): Hello {
  checkLength('HELLO', payload, LINE_BYTES + 4, LINE_BYTES + 4);
  return { line: payload.toString('hex', 0, LINE_BYTES), number: payload.readUInt32LE(LINE_BYTES) };
}

export function readJoin(payload: Buffer): Join {
  checkLength('JOIN', payload, JOIN_BYTES, JOIN_BYTES + MAX_GROUP_BYTES + MAX_ENDPOINT_BYTES);
  const number = (at: number) => payload.readUInt32LE(4 * at);
  const groupEnd = JOIN_BYTES + payload.readUInt32LE(JOIN_BYTES - 4);
  if (groupEnd > payload.length) throw malformed('a JOIN of it ends within its group');
  return {
    channel: number(0),
    configurationId: number(1),
    from: number(2),
    to: number(3),
    replicaId: payload.toString('hex', 16, 16 + REPLICA_ID_BYTES),
    group: payload.toString('utf8', JOIN_BYTES, groupEnd),
    endpoint: payload.toString('utf8', groupEnd),
  };
}

export function readJoined(payload: Buffer): { channel: number; replicaId: string } {
  checkLength('JOINED', payload, 4 + REPLICA_ID_BYTES, 4 + REPLICA_ID_BYTES);
  return { channel: payload.readUInt32LE(0), replicaId: payload.toString('hex', 4) };
}

export function readRefused(payload: Buffer): Refused {
  checkLength('REFUSED', payload, REFUSED_BYTES, REFUSED_BYTES + MAX_REASON_BYTES);
  return {
    channel: payload.readUInt32LE(0),
    configurationId: payload.readUInt32LE(4),
    reason: payload.toString('utf8', REFUSED_BYTES),
  };
}

export function readLeave(payload: Buffer): number {
  checkLength('LEAVE', payload, 4, 4);
  return payload.readUInt32LE(0);
}

/** The channel of a MESSAGE. */
export function readChannel(payload: Buffer): number {
  checkLength('MESSAGE', payload, CHANNEL_BYTES, payload.length);
  return payload.readUInt32LE(0);
}

function checkLength(name: string, { length }: Buffer, lowest: number, highest: number): void {
  if (length < lowest || length > highest) throw malformed(`a ${name} of it has ${length} bytes`);
}
