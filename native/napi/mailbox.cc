#include "napi/mailbox.h"

#include <utility>

namespace addon {

Mailbox::Mailbox(Napi::Env env, Deliver deliver) : deliver_(std::move(deliver)) {
  bell_ = Bell::New(env, "omnipaxos-rocksdb", 0, 1, this);
  bell_.Unref(env);
}

void Mailbox::post(Result result) {
  const std::lock_guard lock(mutex_);
  if (!open_) return;
  waiting_.push_back(std::move(result));
  if (waiting_.size() == 1) bell_.NonBlockingCall();
}

void Mailbox::expect(Napi::Env env) {
  if (expected_++ == 0) bell_.Ref(env);
}

void Mailbox::received(Napi::Env env, size_t count) {
  expected_ -= count;
  if (expected_ == 0 && count > 0) bell_.Unref(env);
}

void Mailbox::close() {
  const std::lock_guard lock(mutex_);
  open_ = false;
  waiting_.clear();
  bell_.Abort();
}

void Mailbox::drain(Napi::Env env, Napi::Function, Mailbox* mailbox, void*) {
  std::vector<Result> results;
  {
    const std::lock_guard lock(mailbox->mutex_);
    if (!mailbox->open_) return;
    results.swap(mailbox->waiting_);
  }
  // Without an environment the thread-safe function is only being emptied, at its end.
  if (static_cast<napi_env>(env) == nullptr) return;
  size_t completed = 0;
  for (const Result& result : results) completed += result.completes;
  mailbox->received(env, completed);
  mailbox->deliver_(env, std::move(results));
}

}  // namespace addon
