// A range read on its way from the queue of the writes, where its moment is fixed, to the thread that reads it. It
// keeps the database open, and its column family alive, from the call to the last page.
#pragma once

#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "core/database.h"
#include "core/scan_range.h"
#include "core/status.h"
#include "rocksdb/db.h"
#include "rocksdb/iterator.h"

namespace core {

class PagedRead {
 public:
  struct Subject {
    Database::Lease lease;
    Family family;
    std::string name;
  };

  PagedRead(Subject subject, ScanRange range, std::optional<std::string> head, uint64_t page_bytes,
            Database::TakePage take);
  PagedRead(const PagedRead&) = delete;
  PagedRead& operator=(const PagedRead&) = delete;

  /** What is written from now on is not seen. */
  void fix_moment(rocksdb::DB& db);

  /** Reads all pages. Blocks. */
  void run();

  void fail(const std::exception& error);

 private:
  void read_rows();
  void read_run();

  // Destroyed from the last to the first.
  const Subject subject_;
  const ScanRange range_;
  const BoundedReadOptions bounds_;
  const std::optional<std::string> head_;
  const uint64_t page_bytes_;
  const Database::TakePage take_;
  std::unique_ptr<rocksdb::Iterator> cursor_;
};

}  // namespace core
