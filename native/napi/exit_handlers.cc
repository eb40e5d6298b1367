// Keeps the exit of the process from destroying what its threads still use. `process.exit()` and an uncaught exception
// on the main thread run no clean-up hook of an environment: the databases are open, and their threads at work, while
// the C library calls the destructors of static objects. RocksDB's go on using theirs (its tables of options, for one)
// and crash.
//
// So none is registered: this definition, hidden in the addon, takes the place of the C library's for all that is
// linked into it. The process ends as if it had been killed, a little more gently: what was written is with the
// operating system. A worker's end and a normal one close every database before, in Environment's hook.

// NOLINTNEXTLINE(bugprone-reserved-identifier,readability-identifier-naming): the C library chose it
extern "C" [[gnu::visibility("hidden")]] int __cxa_atexit(void (*)(void*), void*, void*) { return 0; }
