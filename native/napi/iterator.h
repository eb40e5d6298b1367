// The addon's `Iterator`, made by Database.iterate only.
#pragma once

#include <memory>

#include <napi.h>

#include "core/iterator.h"

namespace addon {

class DatabaseObject;

class IteratorObject : public Napi::ObjectWrap<IteratorObject> {
 public:
  static Napi::Function define(Napi::Env env);
  static Napi::Value create(DatabaseObject& database, std::shared_ptr<core::Iterator> iterator);

  explicit IteratorObject(const Napi::CallbackInfo& info);
  ~IteratorObject() override;

 private:
  void next(const Napi::CallbackInfo& info);  // request; settles with packed rows, none at the end
  void close(const Napi::CallbackInfo& info);

  Napi::ObjectReference database_object_;
  std::shared_ptr<core::Iterator> iterator_;
};

}  // namespace addon
