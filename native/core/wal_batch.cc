#include "core/wal_batch.h"

#include <string_view>

#include "core/little_endian.h"

namespace core {

namespace {

constexpr size_t kHeaderBytes = 12;
constexpr uint64_t kMaxSequence = (uint64_t{1} << 56) - 1;

// The kinds of records that this library writes, and a few more; see db/dbformat.h of RocksDB.
enum Kind : uint8_t {
  kDelete = 0x0,
  kPut = 0x1,
  kMerge = 0x2,
  kLogData = 0x3,
  kFamilyDelete = 0x4,
  kFamilyPut = 0x5,
  kFamilyMerge = 0x6,
  kFamilyDeleteRange = 0xE,
  kDeleteRange = 0xF,
};

/** Takes varints and strings off the front of what is left. */
class Cursor {
 public:
  explicit Cursor(std::span<const uint8_t> rest) : rest_(rest) {}

  bool empty() const { return rest_.empty(); }

  bool take_byte(uint8_t* value) {
    if (rest_.empty()) return false;
    *value = rest_.front();
    rest_ = rest_.subspan(1);
    return true;
  }

  bool take_number(uint32_t* value) {
    *value = 0;
    for (int shift = 0; shift < 32; shift += 7) {
      uint8_t byte = 0;
      if (!take_byte(&byte)) return false;
      *value |= static_cast<uint32_t>(byte & 0x7f) << shift;
      if (byte < 0x80) return true;
    }
    return false;
  }

  bool take_bytes(std::string_view* bytes) {
    uint32_t length = 0;
    if (!take_number(&length) || length > rest_.size()) return false;
    *bytes = {reinterpret_cast<const char*>(rest_.data()), length};
    rest_ = rest_.subspan(length);
    return true;
  }

 private:
  std::span<const uint8_t> rest_;
};

/** What follows a kind: a column family or not, and how many strings. */
struct Shape {
  bool known = true;
  bool family = false;
  int strings = 0;
};

Shape shape_of(uint8_t kind) {
  switch (kind) {
    case kDelete:
    case kLogData:
      return {.strings = 1};
    case kPut:
    case kMerge:
    case kDeleteRange:
      return {.strings = 2};
    case kFamilyDelete:
      return {.family = true, .strings = 1};
    case kFamilyPut:
    case kFamilyMerge:
    case kFamilyDeleteRange:
      return {.family = true, .strings = 2};
    default:
      return {.known = false};
  }
}

}  // namespace

std::optional<WalBatch> read_wal_batch(std::span<const uint8_t> start) {
  if (start.size() < kHeaderBytes) return {};
  WalBatch batch{.first_sequence = load_u64(start.data()), .count = load_u32(start.data() + 8), .testimony = {}};
  if (batch.first_sequence > kMaxSequence) return {};
  Cursor rest(start.subspan(kHeaderBytes));
  uint8_t kind = 0;
  std::string_view data;
  if (rest.take_byte(&kind) && kind == kLogData && rest.take_bytes(&data)) {
    batch.testimony = read_testimony(data);
  }
  return batch;
}

void read_families(std::span<const uint8_t> batch, const std::function<void(uint32_t id)>& take) {
  if (batch.size() < kHeaderBytes) return;
  Cursor rest(batch.subspan(kHeaderBytes));
  std::optional<uint32_t> last;
  while (!rest.empty()) {
    uint8_t kind = 0;
    uint32_t id = 0;
    std::string_view bytes;
    if (!rest.take_byte(&kind)) return;
    const Shape shape = shape_of(kind);
    if (!shape.known || (shape.family && !rest.take_number(&id))) return;
    for (int i = 0; i < shape.strings; ++i) {
      if (!rest.take_bytes(&bytes)) return;
    }
    if (kind == kLogData || last == id) continue;
    last = id;
    take(id);
  }
}

}  // namespace core
