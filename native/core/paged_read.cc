#include "core/paged_read.h"

#include <limits>
#include <utility>

#include "core/counted_run.h"
#include "core/iterator.h"
#include "core/packed_rows.h"

namespace core {

PagedRead::PagedRead(Subject subject, ScanRange range, std::optional<std::string> head, uint64_t page_bytes,
                     Database::TakePage take)
    : subject_(std::move(subject)),
      range_(std::move(range)),
      bounds_(range_),
      head_(std::move(head)),
      page_bytes_(page_bytes),
      take_(std::move(take)) {}

void PagedRead::fix_moment(rocksdb::DB& db) { cursor_.reset(db.NewIterator(bounds_.get(), subject_.family.get())); }

void PagedRead::run() {
  try {
    if (range_.is_empty()) cursor_.reset(rocksdb::NewEmptyIterator());
    cursor_->SeekToFirst();
    if (head_) {
      read_run();
    } else {
      read_rows();
    }
  } catch (const std::exception& error) {  // out of memory
    fail(error);
  }
}

void PagedRead::read_rows() {
  uint64_t rows_left = range_.limit.value_or(std::numeric_limits<uint64_t>::max());
  for (;;) {
    PackedRows page;
    const PieceLimits limits{.rows = rows_left, .bytes = page_bytes_};
    const Status status = read_piece(*cursor_, false, limits, subject_.name, &page);
    rows_left -= page.count();
    const bool is_last = !status.ok() || rows_left == 0 || page.byte_length() < page_bytes_;
    const bool go_on = take_(status, std::move(page).finish(), is_last);
    if (is_last) return;
    if (!go_on) {
      take_({}, PackedRows().finish(), true);
      return;
    }
    cursor_->Next();
  }
}

void PagedRead::read_run() {
  CountedRun run(*cursor_, range_.lower.value_or(""), head_.value_or(""), range_.upper.value_or(""));
  for (;;) {
    RunMemory page;
    size_t needed = 0;
    Status status = run.read(page_bytes_, subject_.name, &page, &needed);
    if (status.ok() && needed > 0) status = too_large(subject_.name);
    const bool is_last = !status.ok() || run.state() == RunState::kEnded || run.state() == RunState::kStranger;
    const bool go_on = take_(status, std::move(page).finish(), is_last);
    if (is_last) return;
    if (!go_on) {
      take_({}, {}, true);
      return;
    }
  }
}

void PagedRead::fail(const std::exception& error) {
  take_({ErrorCode::kAborted, "read " + subject_.name + ": " + error.what()}, {}, true);
}

}  // namespace core
