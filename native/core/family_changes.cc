#include "core/family_changes.h"

#include <exception>
#include <set>
#include <utility>

namespace core {

FamilyChanges::FamilyChanges(std::string path, OpenRocksdb& opened, ColumnFamilies& families, WriteQueue& writes)
    : path_(std::move(path)), opened_(opened), families_(families), writes_(writes) {}

void FamilyChanges::create(const ColumnFamilyConfig& config, std::shared_ptr<const void> lease, Created done) {
  std::unique_lock lock(mutex_);
  // A drop that comes behind this one must find it there.
  dropping_.reset();
  join_or_post(std::move(lock), creating_, {config, std::move(done)}, std::move(lease), &FamilyChanges::create_all);
}

template <typename Change>
void FamilyChanges::join_or_post(std::unique_lock<std::mutex> lock, std::shared_ptr<std::vector<Change>>& gathering,
                                 Change change, std::shared_ptr<const void> lease,
                                 void (FamilyChanges::*carry_out)(std::vector<Change>&)) {
  if (gathering) {
    gathering->push_back(std::move(change));
    return;
  }
  const auto joined = std::make_shared<std::vector<Change>>();
  joined->push_back(std::move(change));
  gathering = joined;
  lock.unlock();
  try {
    writes_.post_exclusive([this, joined, lease = std::move(lease), carry_out] {
      end_gathering();
      (this->*carry_out)(*joined);
    });
  } catch (...) {  // out of memory: nobody must join what has no turn
    end_gathering();
    throw;
  }
}

void FamilyChanges::end_gathering() {
  const std::lock_guard lock(mutex_);
  creating_.reset();
  dropping_.reset();
}

Status FamilyChanges::refuse_displaced(const std::string& operation) const {
  return opened_.lock.is_displaced() ? failure(ErrorCode::kIoError, operation, path_, kDisplaced) : Status{};
}

bool FamilyChanges::is_new(const Creation& creation) const {
  const std::string& name = creation.config.name;
  if (!families_.is_in_rocksdb(name)) return true;
  creation.done(failure(ErrorCode::kColumnFamilyExists, "create column family " + name + " in", path_, "it exists"), 0);
  return false;
}

void FamilyChanges::create_all(Creations& creations) {
  // One name twice: the second finds the first, and comes in the next round.
  while (!creations.empty()) {
    Creations round;
    Creations later;
    std::set<std::string> names;
    for (Creation& creation : creations) {
      if (names.contains(creation.config.name)) {
        later.push_back(std::move(creation));
      } else if (is_new(creation)) {
        names.insert(creation.config.name);
        round.push_back(std::move(creation));
      }
    }

    std::vector<ColumnFamilyConfig> wanted;
    for (const Creation& creation : round) wanted.push_back(creation.config);
    std::vector<Family> created;
    Status status;
    if (!wanted.empty()) status = refuse_displaced("create column family " + wanted.front().name + " in");
    if (!wanted.empty() && status.ok()) status = create_column_families(opened_, wanted, &created);
    for (size_t i = 0; i < created.size(); ++i) {
      const uint32_t id = created[i]->GetID();
      families_.add(std::move(created[i]));
      round[i].done({}, id);
    }
    if (!status.ok()) {
      round[created.size()].done(status, 0);
      created.emplace_back();
    }
    // Those behind one that failed were not attempted.
    creations.assign(std::make_move_iterator(round.begin() + static_cast<ptrdiff_t>(created.size())),
                     std::make_move_iterator(round.end()));
    for (Creation& creation : later) creations.push_back(std::move(creation));
  }
}

Status FamilyChanges::drop(const std::string& name, std::shared_ptr<const void> lease, Dropped done) {
  if (name == rocksdb::kDefaultColumnFamilyName) {
    return failure(ErrorCode::kInvalidArgument, "drop column family default of", path_, "this one cannot be dropped");
  }
  Family family = families_.begin_drop(name);
  if (!family) {
    return failure(ErrorCode::kColumnFamilyNotFound, "drop column family " + name + " of", path_, "there is none");
  }
  std::unique_lock lock(mutex_);
  // One of the same name that is created behind this comes behind it.
  creating_.reset();
  // What was written since the others were called may be in this one.
  if (!writes_.ends_in_exclusive()) dropping_.reset();
  join_or_post(std::move(lock), dropping_, {std::move(family), std::move(done)}, std::move(lease),
               &FamilyChanges::drop_all);
  return {};
}

void FamilyChanges::drop_all(Drops& drops) {
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  for (const Drop& drop : drops) handles.push_back(drop.family.get());
  const bool all_dropped = !opened_.lock.is_displaced() && opened_.db->DropColumnFamilies(handles).ok();
  for (Drop& drop : drops) {
    const Status status = all_dropped ? Status{} : drop_alone(drop.family);
    families_.end_drop(drop.family, status.ok());
    drop.family.reset();  // before the lease
    drop.done(status);
  }
}

Status FamilyChanges::drop_alone(const Family& family) {
  const std::string name = family->GetName();
  if (Status refused = refuse_displaced("drop column family " + name + " of"); !refused.ok()) return refused;
  const rocksdb::Status status = opened_.db->DropColumnFamily(family.get());
  if (status.ok() || status.IsInvalidArgument()) return {};
  // Where it was dropped, and the file of the options could not be written, the next attempt tells so.
  if (opened_.db->DropColumnFamily(family.get()).IsInvalidArgument()) return {};
  return from_rocksdb(status, "drop column family", name);
}

}  // namespace core
