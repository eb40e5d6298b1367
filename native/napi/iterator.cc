#include "napi/iterator.h"

#include <system_error>
#include <utility>

#include "napi/arguments.h"
#include "napi/database.h"
#include "napi/environment.h"

namespace addon {

namespace {

// What RocksDB's iterator holds (arena, bounds, pinned block) beyond what the garbage collector sees. Without this
// hint, iterators dropped without a close would pile up until something else makes it run.
constexpr int64_t kExternalBytes = 32 << 10;

}  // namespace

Napi::Function IteratorObject::define(Napi::Env env) {
  return DefineClass(env, "Iterator",
                     {
                         InstanceMethod<&IteratorObject::next>("next"),
                         InstanceMethod<&IteratorObject::close>("close"),
                     });
}

Napi::Value IteratorObject::create(DatabaseObject& database, std::shared_ptr<core::Iterator> iterator) {
  const Napi::Env env = database.Env();
  const Napi::Object object = Environment::of(env)->iterator_constructor().New({});
  IteratorObject* created = Unwrap(object);
  created->database_object_ = Napi::Persistent(database.Value());
  created->iterator_ = std::move(iterator);
  Napi::MemoryManagement::AdjustExternalMemory(env, kExternalBytes);
  return object;
}

IteratorObject::IteratorObject(const Napi::CallbackInfo& info) : Napi::ObjectWrap<IteratorObject>(info) {}

IteratorObject::~IteratorObject() {
  if (iterator_) Napi::MemoryManagement::AdjustExternalMemory(Env(), -kExternalBytes);
}

void IteratorObject::next(const Napi::CallbackInfo& info) {
  const double request = take_request(info[0]);
  if (!iterator_) throw Napi::TypeError::New(info.Env(), "this iterator was not made by Database.iterate");
  DatabaseObject* owner = DatabaseObject::Unwrap(database_object_.Value());
  auto work = [iterator = iterator_](core::Database&, const core::Database::Lease& held, Result& result) {
    core::PackedRows rows;
    result.status = iterator->next(held, &rows);
    if (result.status.ok()) result.value = std::move(rows).finish();
  };
  owner->with_code(info.Env(), [&] { owner->run(iterator_->database()->reader_queue(), request, "iterate", work); });
}

void IteratorObject::close(const Napi::CallbackInfo&) {
  if (!iterator_) return;
  // A `next` may be under way; waiting for it is not for this thread, unless there is no other.
  try {
    iterator_->database()->reader_queue().post([iterator = iterator_] { iterator->close(); });
  } catch (const std::system_error&) {
    iterator_->close();
  }
}

}  // namespace addon
