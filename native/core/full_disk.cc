#include "core/full_disk.h"

#include <atomic>
#include <cstdint>

#include "rocksdb/db.h"

namespace core {

namespace {

class FailOnFullDisk : public rocksdb::EventListener {
 public:
  void OnErrorRecoveryBegin(rocksdb::BackgroundErrorReason /*reason*/, rocksdb::Status /*error*/,
                            bool* auto_recovery) override {
    *auto_recovery = false;
  }

  void OnCompactionBegin(rocksdb::DB* db, const rocksdb::CompactionJobInfo& /*job*/) override { db_ = db; }

  void OnBackgroundError(rocksdb::BackgroundErrorReason reason, rocksdb::Status* error) override {
    if (reason != rocksdb::BackgroundErrorReason::kCompaction || !error->IsNoSpace()) return;
    // RocksDB compacts again in a second. That harms nobody, but where writes wait for the compaction.
    uint64_t stopped = 0;
    const bool writes_wait = db_ != nullptr &&
                             db_.load()->GetIntProperty(rocksdb::DB::Properties::kIsWriteStopped, &stopped) &&
                             stopped != 0;
    *error = writes_wait ? rocksdb::Status(*error, rocksdb::Status::kHardError) : rocksdb::Status::OK();
  }

 private:
  std::atomic<rocksdb::DB*> db_ = nullptr;
};

}  // namespace

std::shared_ptr<rocksdb::EventListener> fail_on_full_disk() { return std::make_shared<FailOnFullDisk>(); }

}  // namespace core
