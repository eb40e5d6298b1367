#include "core/paged_read.h"

#include <limits>
#include <utility>

#include "core/iterator.h"

namespace core {

PagedRead::PagedRead(Subject subject, ScanRange range, uint64_t page_bytes, Database::TakePage take)
    : subject_(std::move(subject)),
      range_(std::move(range)),
      bounds_(range_),
      page_bytes_(page_bytes),
      take_(std::move(take)) {}

void PagedRead::fix_moment(rocksdb::DB& db) { cursor_.reset(db.NewIterator(bounds_.get(), subject_.family.get())); }

void PagedRead::run() {
  uint64_t rows_left = range_.limit.value_or(std::numeric_limits<uint64_t>::max());
  try {
    if (range_.is_empty()) {
      take_({}, {}, true);
      return;
    }
    cursor_->SeekToFirst();
    for (;;) {
      PackedRows page;
      const PieceLimits limits{.rows = rows_left, .bytes = page_bytes_};
      const Status status = read_piece(*cursor_, false, limits, subject_.name, &page);
      rows_left -= page.count();
      const bool is_last = !status.ok() || rows_left == 0 || page.byte_length() < page_bytes_;
      const bool go_on = take_(status, std::move(page), is_last);
      if (is_last) return;
      if (!go_on) {
        take_({}, {}, true);
        return;
      }
      cursor_->Next();
    }
  } catch (const std::exception& error) {  // out of memory
    fail(error);
  }
}

void PagedRead::fail(const std::exception& error) {
  take_({ErrorCode::kAborted, "read " + subject_.name + ": " + error.what()}, {}, true);
}

}  // namespace core
