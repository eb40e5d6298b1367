// Reads a file in RocksDB's log format, a WAL or a MANIFEST: up to where recovery would stop, and on from there to what
// has survived behind it. Nothing in the file is trusted.
//
// The format: blocks of 32 KiB, in each records one after another; what is left of a block and too short for a header
// is zeros. A record is
//
//   | field    | type   | content                                                                       |
//   |----------|--------|-------------------------------------------------------------------------------|
//   | checksum | u32 LE | CRC-32C, masked, of all that follows                                          |
//   | length   | u16 LE | of the data                                                                   |
//   | type     | u8     | whole, or the first, a middle or the last part; or a note of RocksDB's own    |
//   | number   | u32 LE | of the WAL, in types that are for files that may be recycled; else left out   |
//   | data     | bytes  |                                                                               |
//
// A recycled file still has the records of the WAL that it was before, behind its own.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "core/status.h"

namespace core {

/** Why a log ends where it ends. */
enum class LogEnd {
  kEndOfFile,
  /** What follows was not written by this log: zeros, or records of the WAL that the file was before. */
  kNothingMore,
  /** The file ends within a record. */
  kCutShort,
  kBadChecksum,
  /** A type, a length or an order of parts that RocksDB does not write. */
  kBadRecord,
  /** RocksDB would go on here, but in a way that is not understood here: its records are compressed. */
  kNotUnderstood,
};

const char* describe(LogEnd end);

struct LogExtent {
  LogEnd end = LogEnd::kEndOfFile;
  /** Up to here whole records follow each other. */
  uint64_t whole_bytes = 0;
  uint64_t records = 0;
  uint64_t file_bytes = 0;
  /** Where the first whole record behind that begins; `file_bytes` where there is none. */
  uint64_t next_survivor = 0;
};

struct LogReading {
  /** The log's number, or 0 for a MANIFEST, which is never recycled. */
  uint64_t number = 0;
  /** A whole record, and where it begins. False: stop here, as if the record were bad. */
  std::function<bool(uint64_t offset, std::span<const uint8_t> record)> record;
  /** The same for what has survived behind the end; of a record in several parts the first one alone. */
  std::function<void(uint64_t offset, std::span<const uint8_t> start)> survivor;
};

/** NOT_FOUND where there is no such file. */
Status read_log(const std::string& path, const LogReading& reading, LogExtent* extent);

}  // namespace core
