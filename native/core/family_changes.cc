#include "core/family_changes.h"

#include <exception>
#include <set>
#include <utility>

namespace core {

FamilyChanges::FamilyChanges(std::string path, OpenRocksdb& opened, ColumnFamilies& families, WriteQueue& writes)
    : path_(std::move(path)), opened_(opened), families_(families), writes_(writes) {}

void FamilyChanges::create(const ColumnFamilyConfig& config, std::shared_ptr<const void> lease, Created done) {
  std::shared_ptr<Creations> joined;
  {
    const std::lock_guard lock(mutex_);
    if (gathering_) {
      gathering_->push_back({config, std::move(done)});
      return;
    }
    joined = std::make_shared<Creations>();
    joined->push_back({config, std::move(done)});
    gathering_ = joined;
  }
  try {
    writes_.post_exclusive([this, joined, lease = std::move(lease)] {
      end_gathering();
      create_all(*joined);
    });
  } catch (...) {  // out of memory: nobody must join what has no turn
    end_gathering();
    throw;
  }
}

void FamilyChanges::end_gathering() {
  const std::lock_guard lock(mutex_);
  gathering_.reset();
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
  // One of the same name that is created behind this comes behind it.
  end_gathering();
  writes_.post_exclusive(
      [this, lease = std::move(lease), family = std::move(family), done = std::move(done)]() mutable {
        const std::string name = family->GetName();
        Status status = refuse_displaced("drop column family " + name + " of");
        if (status.ok()) {
          status = from_rocksdb(opened_.db->DropColumnFamily(family.get()), "drop column family", name);
        }
        families_.end_drop(family, status.ok());
        family.reset();  // before the lease
        done(status);
      });
  return {};
}

}  // namespace core
