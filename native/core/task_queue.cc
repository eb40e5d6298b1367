#include "core/task_queue.h"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace core {

struct TaskQueue::State {
  explicit State(size_t max) : max_threads(max) {}

  const size_t max_threads;
  std::mutex mutex;
  std::condition_variable wake;
  std::deque<Task> tasks;
  std::vector<std::thread> threads;
  size_t idle = 0;
  bool stopping = false;
};

TaskQueue::TaskQueue(size_t max_threads) : state_(std::make_shared<State>(max_threads)) {}

TaskQueue::~TaskQueue() {
  stop();
  // Left over only where one of the threads itself ran this destructor. It holds `state_` and nothing else.
  for (std::thread& thread : state_->threads) thread.detach();
}

bool TaskQueue::post(Task task) {
  const std::lock_guard lock(state_->mutex);
  if (state_->stopping) return false;
  // Before the task is queued: where not a single thread can be had, the caller learns it and nothing is left behind.
  if (state_->tasks.size() >= state_->idle && state_->threads.size() < state_->max_threads) {
    try {
      state_->threads.emplace_back([state = state_] { run(state); });
    } catch (const std::system_error&) {
      if (state_->threads.empty()) throw;
    }
  }
  state_->tasks.push_back(std::move(task));
  state_->wake.notify_one();
  return true;
}

void TaskQueue::stop() {
  std::vector<std::thread> others;
  {
    const std::lock_guard lock(state_->mutex);
    state_->stopping = true;
    for (auto thread = state_->threads.begin(); thread != state_->threads.end();) {
      if (thread->get_id() == std::this_thread::get_id()) {
        ++thread;
      } else {
        others.push_back(std::move(*thread));
        thread = state_->threads.erase(thread);
      }
    }
  }
  state_->wake.notify_all();
  for (std::thread& thread : others) thread.join();
}

void TaskQueue::run(const std::shared_ptr<State>& state) {
  std::unique_lock lock(state->mutex);
  for (;;) {
    ++state->idle;
    state->wake.wait(lock, [&] { return state->stopping || !state->tasks.empty(); });
    --state->idle;
    if (state->tasks.empty()) return;
    {
      const Task task = std::move(state->tasks.front());
      state->tasks.pop_front();
      lock.unlock();
      task();
    }  // what the task owns is released outside the lock
    lock.lock();
  }
}

}  // namespace core
