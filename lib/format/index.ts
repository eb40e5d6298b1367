// The door of this room, by which the package has what it exports. It opens on all of the room: the more modules are found
// early, the fewer have to be open at once, and there are processes that may open few files.

export { ballotCodec, stopsignCodec } from './ballots.js';
export { fieldsCodec } from './fields-codec.js';
export * from './keys.js';
export * from './log-keys.js';
export { msgpackCodec } from './msgpack-codec.js';
export { rawCodec } from './raw-codec.js';
export * from './snapshot-keys.js';
export * from './snapshot-records.js';
export * from './values.js';
