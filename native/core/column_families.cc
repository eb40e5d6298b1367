#include "core/column_families.h"

namespace core {

Family own(rocksdb::DB& db, rocksdb::ColumnFamilyHandle* handle) {
  return {handle, [&db](rocksdb::ColumnFamilyHandle* owned) { (void)db.DestroyColumnFamilyHandle(owned); }};
}

void ColumnFamilies::add(Family family) {
  const std::lock_guard lock(mutex_);
  ids_.insert_or_assign(family->GetName(), family->GetID());
  by_id_.insert_or_assign(family->GetID(), std::move(family));
}

void ColumnFamilies::clear() {
  const std::lock_guard lock(mutex_);
  by_id_.clear();
  ids_.clear();
}

Family ColumnFamilies::find(uint32_t id) const {
  const std::lock_guard lock(mutex_);
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : found->second;
}

Status ColumnFamilies::find(uint32_t id, std::string_view operation, Family* family) const {
  *family = find(id);
  if (*family) return {};
  return failure(ErrorCode::kColumnFamilyNotFound, std::string(operation) + " in", path_,
                 "the column family was dropped (id " + std::to_string(id) + ")");
}

std::vector<Family> ColumnFamilies::all() const {
  const std::lock_guard lock(mutex_);
  std::vector<Family> families;
  families.reserve(by_id_.size());
  for (const auto& [id, family] : by_id_) families.push_back(family);
  return families;
}

std::vector<std::pair<std::string, uint32_t>> ColumnFamilies::names() const {
  const std::lock_guard lock(mutex_);
  return {ids_.begin(), ids_.end()};
}

std::string ColumnFamilies::subject(const Family& family) const {
  return "column family " + family->GetName() + " of " + path_;
}

bool ColumnFamilies::is_in_rocksdb(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  return ids_.contains(name) || dropping_.contains(name);
}

Family ColumnFamilies::begin_drop(const std::string& name) {
  const std::lock_guard lock(mutex_);
  const auto found = ids_.find(name);
  if (found == ids_.end()) return nullptr;
  dropping_.insert(name);
  const auto entry = by_id_.find(found->second);
  Family family = std::move(entry->second);
  by_id_.erase(entry);
  ids_.erase(found);
  return family;
}

void ColumnFamilies::end_drop(const Family& family, bool dropped) {
  {
    const std::lock_guard lock(mutex_);
    dropping_.erase(family->GetName());
  }
  if (!dropped) add(family);
}

}  // namespace core
