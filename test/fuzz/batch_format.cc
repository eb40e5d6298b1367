// A packed batch of any bytes: it is refused, or taken whole; and what is checked comes out as what is unpacked does.

#include <span>

#include "core/batch_format.h"
#include "require.h"
#include "rocksdb/comparator.h"

namespace {

class Family : public rocksdb::ColumnFamilyHandle {
 public:
  const std::string& GetName() const override { return name_; }
  uint32_t GetID() const override { return 1; }
  rocksdb::Status GetDescriptor(rocksdb::ColumnFamilyDescriptor*) override { return rocksdb::Status::NotSupported(); }
  const rocksdb::Comparator* GetComparator() const override { return rocksdb::BytewiseComparator(); }

 private:
  const std::string name_ = "log";
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  constexpr size_t kLeastRecordBytes = 13;
  static Family family;
  // Ids are even while they are live.
  const core::ColumnFamilyLookup lookup = [](uint32_t id) { return id % 2 == 0 ? &family : nullptr; };
  const std::span packed(data, size);
  rocksdb::WriteBatch batch;
  const core::Status checked = core::check_batch(packed, lookup, "path");
  const core::Status unpacked = core::unpack_batch(packed, lookup, "path", batch);
  require(checked.code == unpacked.code && checked.message == unpacked.message);
  require(static_cast<size_t>(batch.Count()) <= size / kLeastRecordBytes);
  require(!unpacked.ok() || (size == 0) == (batch.Count() == 0));
  return 0;
}
