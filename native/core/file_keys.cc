#include "core/file_keys.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "core/key_search.h"
#include "rocksdb/comparator.h"
#include "rocksdb/env.h"
#include "rocksdb/table_properties.h"
#include "rocksdb/utilities/types_util.h"

namespace core {

namespace {

/** Of a key as it lies in a file, behind the caller's: its sequence number and its type. */
constexpr size_t kTrailerBytes = 8;

std::string path_of(const rocksdb::LiveFileMetaData& file) { return file.db_path + file.name; }

}  // namespace

rocksdb::Status open_sst_file(const rocksdb::LiveFileMetaData& file, rocksdb::SstFileReader* reader) {
  const std::string path = path_of(file);
  uint64_t size = 0;
  rocksdb::Status status = rocksdb::Env::Default()->GetFileSize(path, &size);
  if (status.IsPathNotFound() || status.IsNotFound()) return rocksdb::Status::Corruption("the file is missing");
  if (!status.ok()) return status;
  if (size != file.size) {
    return rocksdb::Status::Corruption("it has " + std::to_string(size) + " bytes, not " + std::to_string(file.size));
  }
  status = reader->Open(path);
  if (!status.ok()) return status;
  const uint64_t number = reader->GetTableProperties()->orig_file_number;
  if (number != 0 && number != file.file_number) {
    return rocksdb::Status::Corruption("it was file number " + std::to_string(number));
  }
  return status;
}

FileKeys::FileKeys(rocksdb::LiveFileMetaData file, const rocksdb::Options& options, std::string_view from,
                   std::vector<UnreadableKeys>* unreadable)
    : file_(std::move(file)), reader_(std::make_unique<rocksdb::SstFileReader>(options)), unreadable_(*unreadable) {
  const std::string first = std::max(std::string(from), file_.smallestkey);
  if (first > file_.largestkey) return;
  const rocksdb::Status status = open_sst_file(file_, reader_.get());
  if (!status.ok()) {
    note(first, successor(file_.largestkey), status);
    return;
  }
  seek(first);
  settle(first);
}

void FileKeys::next() {
  const std::string last = key_.value_or(std::string());
  key_.reset();
  const auto is_same = [&] {
    return cursor_->Valid() && cursor_->key().size() == last.size() + kTrailerBytes && cursor_->key().starts_with(last);
  };
  while (is_same()) cursor_->Next();
  settle(successor(last));
}

std::optional<FileKeys::Latest> FileKeys::latest() const {
  rocksdb::ParsedEntryInfo entry;
  if (!rocksdb::ParseEntry(cursor_->key(), rocksdb::BytewiseComparator(), &entry).ok()) return std::nullopt;
  switch (entry.type) {
    case rocksdb::kEntryPut:
      return Latest{.sequence = entry.sequence, .is_value = true, .value = cursor_->value().ToString()};
    case rocksdb::kEntryDelete:
      return Latest{.sequence = entry.sequence, .is_value = false, .value = {}};
    default:
      return std::nullopt;
  }
}

bool FileKeys::may_delete_range_with(const std::string& key) const {
  return cursor_ && key >= file_.smallestkey && key <= file_.largestkey &&
         reader_->GetTableProperties()->num_range_deletions > 0;
}

void FileKeys::seek(const std::string& from) {
  std::string target;
  rocksdb::GetInternalKeyForSeek(from, rocksdb::BytewiseComparator(), &target).PermitUncheckedError();
  // Each time a new one: one that has come upon damage may pass over what is behind it.
  cursor_ = reader_->NewTableIterator();
  cursor_->Seek(target);
}

void FileKeys::settle(std::string_view from) {
  if (!cursor_->Valid() && !cursor_->status().ok()) {
    const rocksdb::Status why = cursor_->status();
    const auto is_readable = [this](const std::string& key) {
      seek(key);
      return cursor_->Valid() || cursor_->status().ok();
    };
    const std::optional<std::string> readable = first_readable(from, file_.largestkey, is_readable);
    if (readable) seek(*readable);
    note(std::string(from), readable.value_or(successor(file_.largestkey)), why);
    if (!readable) return;
  }
  if (!cursor_->Valid()) return;
  const rocksdb::Slice raw = cursor_->key();
  key_.emplace(raw.data(), raw.size() - kTrailerBytes);
}

void FileKeys::note(std::string from, std::string to, const rocksdb::Status& why) {
  unreadable_.push_back({std::move(from), std::move(to), from_rocksdb(why, "read", path_of(file_)).message});
}

}  // namespace core
