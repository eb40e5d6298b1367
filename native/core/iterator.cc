#include "core/iterator.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace core {

namespace {

// A piece is what one crossing into JavaScript carries: large enough that the crossing costs little, small enough that
// a consumer who stops early has not paid for much.
constexpr PieceLimits kPiece{.rows = 1000, .bytes = 256 << 10};
constexpr uint64_t kUnlimited = std::numeric_limits<uint64_t>::max();

void step(rocksdb::Iterator& cursor, bool reverse) {
  if (reverse) {
    cursor.Prev();
  } else {
    cursor.Next();
  }
}

}  // namespace

Status too_large(std::string_view subject) {
  return {ErrorCode::kInvalidArgument, "scan " + std::string(subject) + ": more than " +
                                           std::to_string(PackedRows::kMaxBytes) +
                                           " bytes in one result; set limit or maxBytes, or iterate"};
}

Status read_piece(rocksdb::Iterator& cursor, bool reverse, PieceLimits limits, std::string_view subject,
                  PackedRows* rows) {
  while (cursor.Valid()) {
    if (!rows->append(cursor.key(), cursor.value())) return too_large(subject);
    if (rows->count() >= limits.rows || rows->byte_length() >= limits.bytes) break;
    step(cursor, reverse);
  }
  return from_rocksdb(cursor.status(), "scan", subject);
}

Iterator::Iterator(std::shared_ptr<Database> database, ScanRange range)
    : database_(std::move(database)),
      range_(std::move(range)),
      bounds_(range_),
      rows_left_(range_.limit.value_or(kUnlimited)),
      bytes_left_(range_.max_bytes.value_or(kUnlimited)) {
  bounds_.keep_out_of_cache();
}

Status Iterator::create(const std::shared_ptr<Database>& database, uint32_t family, ScanRange range,
                        std::shared_ptr<Iterator>* iterator) {
  const Database::Lease lease = database->lease();
  if (!lease) return database->closed("iterate");
  std::shared_ptr<Iterator> created(new Iterator(database, std::move(range)));
  if (Status status = database->families_.find(family, "iterate", &created->family_); !status.ok()) return status;
  created->subject_ = database->families_.subject(created->family_);
  created->cursor_.reset(database->opened_->db->NewIterator(created->bounds_.get(), created->family_.get()));
  {
    const std::lock_guard lock(database->iterators_mutex_);
    database->iterators_.insert(created.get());
  }
  *iterator = std::move(created);
  return {};
}

Iterator::~Iterator() {
  const std::lock_guard lock(database_->iterators_mutex_);
  database_->iterators_.erase(this);
  close();
}

Status Iterator::next(const Database::Lease&, PackedRows* rows) {
  const std::lock_guard lock(mutex_);
  if (!cursor_) return {ErrorCode::kClosed, "iterate " + subject_ + ": the iterator is closed"};
  if (range_.is_empty() || rows_left_ == 0 || bytes_left_ == 0) return {};

  if (std::exchange(started_, true)) {
    if (cursor_->Valid()) step(*cursor_, range_.reverse);
  } else if (range_.reverse) {
    cursor_->SeekToLast();
  } else {
    cursor_->SeekToFirst();
  }
  const PieceLimits limits{.rows = std::min(kPiece.rows, rows_left_), .bytes = std::min(kPiece.bytes, bytes_left_)};
  if (Status status = read_piece(*cursor_, range_.reverse, limits, subject_, rows); !status.ok()) return status;
  if (rows_left_ != kUnlimited) rows_left_ -= rows->count();
  if (bytes_left_ != kUnlimited) bytes_left_ -= std::min<uint64_t>(bytes_left_, rows->byte_length());
  return {};
}

void Iterator::close() {
  const std::lock_guard lock(mutex_);
  cursor_.reset();
  family_.reset();
}

}  // namespace core
