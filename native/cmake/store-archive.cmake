# Run by the build once RocksDB is compiled: keeps ARCHIVE as the ENTRY of the cache.
include("${CMAKE_CURRENT_LIST_DIR}/archive-cache.cmake")
store_archive("${ARCHIVE}" "${ENTRY}")
