// Results on their way from a database's threads into JavaScript. However many wait, they cross together, in order.
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <variant>
#include <vector>

#include <napi.h>

#include "core/status.h"

namespace addon {

/** Bytes for a Buffer, a number, or nothing (`undefined`). */
using ResultValue = std::variant<std::monostate, uint32_t, std::string>;

struct Result {
  uint64_t database;  // the address of the DatabaseObject it is for
  double request;     // the number under which JavaScript waits for it; 0 for the writes that have waited longest
  core::Status status;
  ResultValue value;
  size_t completes = 1;  // requests; any number of writes
};

class Mailbox {
 public:
  using Deliver = std::function<void(Napi::Env, std::vector<Result>)>;

  Mailbox(Napi::Env env, Deliver deliver);
  Mailbox(const Mailbox&) = delete;
  Mailbox& operator=(const Mailbox&) = delete;

  /** From any thread. After `close` the result is dropped: nobody is left to receive it. */
  void post(Result result);

  // From the JavaScript thread only.

  /** The event loop stays alive while results are expected. */
  void expect(Napi::Env env);
  void received(Napi::Env env, size_t count);
  void close();

 private:
  static void drain(Napi::Env env, Napi::Function, Mailbox* mailbox, void*);
  using Bell = Napi::TypedThreadSafeFunction<Mailbox, void, drain>;

  const Deliver deliver_;
  size_t expected_ = 0;

  std::mutex mutex_;
  Bell bell_;
  bool open_ = true;
  std::vector<Result> waiting_;
};

}  // namespace addon
