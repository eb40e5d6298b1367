// A few threads of a database's own, so that no blocking call ever occupies one of libuv's four. Threads start when the
// first task needs them; a database used only through its blocking methods has none.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>

namespace core {

class TaskQueue {
 public:
  using Task = std::function<void()>;

  explicit TaskQueue(size_t max_threads);
  ~TaskQueue();
  TaskQueue(const TaskQueue&) = delete;
  TaskQueue& operator=(const TaskQueue&) = delete;

  /** Tasks start in the order of their posting. False, and the task dropped, after `stop`. */
  bool post(Task task);

  /**
   * Runs what is queued, then ends the threads. May be called again; called from one of the threads, it leaves that one
   * for a later call.
   */
  void stop();

 private:
  struct State;
  static void run(const std::shared_ptr<State>& state);

  std::shared_ptr<State> state_;
};

}  // namespace core
