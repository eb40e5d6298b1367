#include "core/log_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <vector>

#include "core/crc32c.h"
#include "core/descriptor.h"
#include "core/little_endian.h"

namespace core {

namespace {

constexpr const char* kOperation = "read";
constexpr size_t kBlockBytes = 32768;
constexpr size_t kBlocksAtOnce = 32;
constexpr size_t kHeaderBytes = 7;
constexpr size_t kNumberedHeaderBytes = 11;
// The types that RocksDB writes; see db/log_format.h there.
constexpr uint8_t kWhole = 1;
constexpr uint8_t kFirst = 2;
constexpr uint8_t kMiddle = 3;
constexpr uint8_t kLast = 4;
constexpr uint8_t kNumbered = 4;  // this much more in a file that may be recycled
constexpr uint8_t kCompression = 9;
constexpr uint8_t kTimestampSizes = 10;
constexpr uint8_t kNumberedTimestampSizes = 11;
constexpr uint8_t kPredecessor = 130;
constexpr uint8_t kNumberedPredecessor = 131;
constexpr uint8_t kMayBeSkipped = 128;

bool is_numbered(uint8_t type) {
  return (type > kLast && type <= kLast + kNumbered) || type == kNumberedTimestampSizes || type == kNumberedPredecessor;
}

bool is_note(uint8_t type) {
  return type == kTimestampSizes || type == kNumberedTimestampSizes || type == kPredecessor ||
         type == kNumberedPredecessor || (type & kMayBeSkipped) != 0;
}

/** As RocksDB stores a checksum, so that one of data which contains checksums is a good one. */
uint32_t masked(uint32_t crc) {
  constexpr uint32_t kDelta = 0xa282ead8;
  return ((crc >> 15) | (crc << 17)) + kDelta;
}

bool is_zero(std::span<const uint8_t> bytes) {
  return std::ranges::all_of(bytes, [](uint8_t byte) { return byte == 0; });
}

/** What stands at one place of a block. */
struct Piece {
  enum class Kind { kPart, kPadding, kForeign, kTooLong, kBadChecksum, kZeros };
  Kind kind;
  uint8_t type = 0;  // without what tells that it is numbered
  bool numbered = false;
  size_t bytes = 0;
  std::span<const uint8_t> data{};
};

class LogReader {
 public:
  LogReader(const LogReading& reading, LogExtent* extent)
      : reading_(reading), extent_(*extent), number_(static_cast<uint32_t>(reading.number)) {}

  Status read(const std::string& path);

 private:
  Piece piece_at(std::span<const uint8_t> rest) const;
  void take_block(uint64_t begin, std::span<const uint8_t> block, bool last);
  /** Returns how much of the block was taken. Less than all of it: the log has ended there. */
  size_t follow(uint64_t begin, std::span<const uint8_t> block);
  bool take_part(uint64_t offset, const Piece& piece);
  bool give(uint64_t offset, std::span<const uint8_t> record, uint64_t end);
  bool stop(LogEnd why);
  void look_for_survivors(uint64_t begin, std::span<const uint8_t> block, size_t from, bool everywhere);
  void survived(uint64_t offset, const Piece& piece);

  const LogReading& reading_;
  LogExtent& extent_;
  const uint32_t number_;
  bool ended_ = false;
  bool numbered_ = false;
  std::vector<uint8_t> parts_;
  uint64_t parts_begin_ = 0;
  bool in_parts_ = false;
};

Status LogReader::read(const std::string& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) {
    if (errno == ENOENT) return failure(ErrorCode::kNotFound, kOperation, path, "there is no such file");
    return from_errno(errno, kOperation, path, "cannot open it");
  }
  std::vector<uint8_t> buffer(kBlockBytes * kBlocksAtOnce);
  uint64_t begin = 0;
  for (bool more = true; more;) {
    size_t filled = 0;
    while (filled < buffer.size()) {
      const ssize_t taken =
          ::pread(file.get(), buffer.data() + filled, buffer.size() - filled, static_cast<off_t>(begin + filled));
      if (taken < 0 && errno == EINTR) continue;
      if (taken < 0) return from_errno(errno, kOperation, path, "cannot read it");
      if (taken == 0) break;
      filled += static_cast<size_t>(taken);
    }
    more = filled == buffer.size();
    for (size_t block = 0; block < filled; block += kBlockBytes) {
      const size_t bytes = std::min(kBlockBytes, filled - block);
      take_block(begin + block, std::span(buffer).subspan(block, bytes), bytes < kBlockBytes);
    }
    begin += filled;
  }
  extent_.file_bytes = begin;
  if (!ended_) stop(in_parts_ ? LogEnd::kCutShort : LogEnd::kEndOfFile);
  if (extent_.next_survivor == 0) extent_.next_survivor = begin;
  return {};
}

Piece LogReader::piece_at(std::span<const uint8_t> rest) const {
  if (rest.size() < kHeaderBytes) return {.kind = is_zero(rest) ? Piece::Kind::kPadding : Piece::Kind::kBadChecksum};
  const uint8_t type = rest[6];
  const size_t length = load_u16(rest.data() + 4);
  const bool numbered = is_numbered(type);
  if (rest.size() < kNumberedHeaderBytes && is_zero(rest)) return {.kind = Piece::Kind::kPadding};
  if (type == 0 && length == 0) return {.kind = Piece::Kind::kZeros};
  const size_t header = numbered ? kNumberedHeaderBytes : kHeaderBytes;
  if (header + length > rest.size()) return {.kind = Piece::Kind::kTooLong};
  Piece piece{.kind = Piece::Kind::kPart,
              .type = numbered && type <= kLast + kNumbered ? static_cast<uint8_t>(type - kNumbered) : type,
              .numbered = numbered,
              .bytes = header + length,
              .data = rest.subspan(header, length)};
  if (numbered && load_u32(rest.data() + kHeaderBytes) != number_) {
    piece.kind = number_ == 0 ? Piece::Kind::kBadChecksum : Piece::Kind::kForeign;  // a MANIFEST is never recycled
  } else if (masked(crc32c(0, rest.subspan(6, piece.bytes - 6))) != load_u32(rest.data())) {
    piece.kind = Piece::Kind::kBadChecksum;
  }
  return piece;
}

void LogReader::take_block(uint64_t begin, std::span<const uint8_t> block, bool last) {
  if (ended_) {
    look_for_survivors(begin, block, 0, false);
    return;
  }
  const size_t taken = follow(begin, block);
  if (!ended_ || extent_.end == LogEnd::kNotUnderstood) return;
  // A record that the end of the file cuts looks as if it were too long, or had a bad header.
  const std::span<const uint8_t> rest = block.subspan(taken);
  const bool is_too_long = extent_.end == LogEnd::kBadRecord && piece_at(rest).kind == Piece::Kind::kTooLong;
  const bool is_short = extent_.end == LogEnd::kBadChecksum && rest.size() < kHeaderBytes;
  if (last && (is_too_long || is_short)) extent_.end = LogEnd::kCutShort;
  look_for_survivors(begin, block, taken, true);
}

size_t LogReader::follow(uint64_t begin, std::span<const uint8_t> block) {
  for (size_t at = 0; at < block.size();) {
    const Piece piece = piece_at(block.subspan(at));
    switch (piece.kind) {
      case Piece::Kind::kPadding:
        return block.size();
      case Piece::Kind::kForeign:
      case Piece::Kind::kZeros:
        stop(in_parts_ ? LogEnd::kCutShort : LogEnd::kNothingMore);
        return at;
      case Piece::Kind::kTooLong:
        stop(LogEnd::kBadRecord);
        return at;
      case Piece::Kind::kBadChecksum:
        stop(LogEnd::kBadChecksum);
        return at;
      case Piece::Kind::kPart:
        if (!take_part(begin + at, piece)) return at;
        at += piece.bytes;
    }
  }
  return block.size();
}

bool LogReader::take_part(uint64_t offset, const Piece& piece) {
  // RocksDB takes a numbered record for the first of a recycled file only.
  if (piece.numbered && !numbered_ && extent_.records > 0) return stop(LogEnd::kBadRecord);
  numbered_ |= piece.numbered;
  const uint64_t end = offset + piece.bytes;
  switch (piece.type) {
    // An empty first part with nothing behind it was written by old versions of RocksDB.
    case kWhole:
      if (in_parts_ && !parts_.empty()) return stop(LogEnd::kBadRecord);
      in_parts_ = false;
      return give(offset, piece.data, end);
    case kFirst:
      if (in_parts_ && !parts_.empty()) return stop(LogEnd::kBadRecord);
      in_parts_ = true;
      parts_begin_ = offset;
      parts_.assign(piece.data.begin(), piece.data.end());
      return true;
    case kMiddle:
    case kLast:
      if (!in_parts_) return stop(LogEnd::kBadRecord);
      parts_.insert(parts_.end(), piece.data.begin(), piece.data.end());
      if (piece.type == kMiddle) return true;
      in_parts_ = false;
      return give(parts_begin_, parts_, end);
    case kCompression:
      return stop(LogEnd::kNotUnderstood);
    default:
      if (!is_note(piece.type) || in_parts_) return stop(LogEnd::kBadRecord);
      extent_.whole_bytes = end;
      return true;
  }
}

bool LogReader::give(uint64_t offset, std::span<const uint8_t> record, uint64_t end) {
  if (!reading_.record(offset, record)) return stop(LogEnd::kBadRecord);
  extent_.whole_bytes = end;
  ++extent_.records;
  return true;
}

bool LogReader::stop(LogEnd why) {
  ended_ = true;
  extent_.end = why;
  return false;
}

// Where the log has ended a whole record may begin anywhere; in later blocks, what lies before the first that is whole
// is left alone: the beginning of a block is the beginning of a record.
void LogReader::look_for_survivors(uint64_t begin, std::span<const uint8_t> block, size_t from, bool everywhere) {
  if (!reading_.survivor) return;
  for (size_t at = from; at + kHeaderBytes <= block.size();) {
    const std::span<const uint8_t> rest = block.subspan(at);
    const uint8_t type = rest[6];
    const bool plausible = is_numbered(type)
                               ? rest.size() >= kNumberedHeaderBytes && load_u32(rest.data() + kHeaderBytes) == number_
                               : type >= kWhole && type <= kLast && !numbered_ && load_u16(rest.data() + 4) > 0;
    const Piece piece = plausible ? piece_at(rest) : Piece{.kind = Piece::Kind::kZeros};
    if (piece.kind == Piece::Kind::kPart) {
      survived(begin + at, piece);
      at += piece.bytes;
    } else if (everywhere) {
      ++at;
    } else {
      return;
    }
  }
}

void LogReader::survived(uint64_t offset, const Piece& piece) {
  if (piece.type != kWhole && piece.type != kFirst) return;
  if (extent_.next_survivor == 0) extent_.next_survivor = offset;
  reading_.survivor(offset, piece.data);
}

}  // namespace

const char* describe(LogEnd end) {
  switch (end) {
    case LogEnd::kEndOfFile:
      return "the file ends";
    case LogEnd::kNothingMore:
      return "nothing more was written";
    case LogEnd::kCutShort:
      return "a record is cut short";
    case LogEnd::kBadChecksum:
      return "a checksum does not match";
    case LogEnd::kBadRecord:
      return "a record is malformed";
    case LogEnd::kNotUnderstood:
      return "its records are compressed";
  }
  return "";
}

Status read_log(const std::string& path, const LogReading& reading, LogExtent* extent) {
  *extent = {};
  return LogReader(reading, extent).read(path);
}

}  // namespace core
