// What one JavaScript environment (the main thread or a worker) owns: its mailbox and its databases. When the
// environment ends, one clean-up hook closes every database that is still open. Node runs it at the end of a worker, in
// whatever way, and of a program; not at process.exit() on the main thread, for which see exit_handlers.cc.
#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <unordered_map>
#include <vector>

#include <napi.h>

#include "core/database.h"
#include "napi/mailbox.h"

namespace addon {

class DatabaseObject;

class Environment {
 public:
  /** Called once, when the addon is loaded into `env`. */
  static void install(Napi::Env env, Napi::Function iterator_constructor);
  /** Every object holds it: at the end of an environment they are finalized in no order that one may rely on. */
  static std::shared_ptr<Environment> of(Napi::Env env);

  explicit Environment(Napi::Env env);

  Mailbox& mailbox() { return mailbox_; }
  Napi::Function iterator_constructor() const { return iterator_constructor_.Value(); }

  /** A DatabaseObject receives results under the address that it is given here. */
  uint64_t register_object(DatabaseObject* object);
  void forget_object(uint64_t address);

  /** Sees to it that the database is closed before the environment ends. */
  void keep(const std::shared_ptr<core::Database>& database);
  /** For a database that JavaScript has let go of: closes it on a thread of its own. */
  static void abandon(const std::shared_ptr<core::Database>& database);
  /** Lets go of the databases that are closed. */
  void sweep();

 private:
  void deliver(Napi::Env env, std::vector<Result> results);
  void end();

  std::unordered_map<uint64_t, DatabaseObject*> objects_;
  uint64_t last_address_ = 0;
  std::set<std::shared_ptr<core::Database>> databases_;
  Napi::FunctionReference iterator_constructor_;
  Mailbox mailbox_;
};

}  // namespace addon
