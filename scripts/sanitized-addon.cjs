// Loaded by `--require` into every Node process of a run of scripts/sanitize.mjs: where the package loads the addon of build/, the
// one of build-asan/ is loaded.

const { dlopen } = process;
process.dlopen = (module, file, ...rest) =>
  dlopen.call(
    process,
    module,
    file.replace('/build/Release/omnipaxos_rocksdb.node', '/build-asan/Release/omnipaxos_rocksdb.node'),
    ...rest,
  );
