#include "napi/environment.h"

#include <system_error>
#include <utility>

#include "napi/database.h"

namespace addon {

void Environment::install(Napi::Env env, Napi::Function iterator_constructor) {
  auto environment = std::make_shared<Environment>(env);
  environment->iterator_constructor_ = Napi::Persistent(iterator_constructor);
  // Registered after the mailbox's thread-safe function, and hooks run last in, first out: this one runs before Node
  // tears that function down.
  env.AddCleanupHook([environment] { environment->end(); });
  env.SetInstanceData(new std::shared_ptr<Environment>(std::move(environment)));
}

std::shared_ptr<Environment> Environment::of(Napi::Env env) {
  return *env.GetInstanceData<std::shared_ptr<Environment>>();
}

Environment::Environment(Napi::Env env)
    : mailbox_(env, [this](Napi::Env at, std::vector<Result> results) { deliver(at, std::move(results)); }) {}

uint64_t Environment::register_object(DatabaseObject* object) {
  objects_.emplace(++last_address_, object);
  return last_address_;
}

void Environment::forget_object(uint64_t address) { objects_.erase(address); }

void Environment::keep(const std::shared_ptr<core::Database>& database) {
  sweep();
  databases_.insert(database);
}

void Environment::sweep() {
  std::erase_if(databases_, [](const std::shared_ptr<core::Database>& database) {
    if (!database->is_closed()) return false;
    database->join_threads();
    return true;
  });
}

void Environment::abandon(const std::shared_ptr<core::Database>& database) {
  database->begin_closing();
  try {
    database->maintenance_queue().post([database] { (void)database->close(); });
  } catch (const std::system_error&) {  // no thread to be had, and a destructor is calling
    (void)database->close();
  }
}

void Environment::deliver(Napi::Env env, std::vector<Result> results) {
  for (size_t first = 0; first < results.size();) {
    const uint64_t address = results[first].database;
    size_t last = first;
    while (last < results.size() && results[last].database == address) ++last;
    const auto object = objects_.find(address);
    if (object != objects_.end()) object->second->settle(env, std::span(results).subspan(first, last - first));
    first = last;
  }
  sweep();
}

void Environment::end() {
  mailbox_.close();
  objects_.clear();
  iterator_constructor_.Reset();
  for (const std::shared_ptr<core::Database>& database : databases_) (void)database->close();
  databases_.clear();
}

}  // namespace addon
