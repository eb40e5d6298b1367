# The user's cache of finished RocksDB archives, which all clones share. An entry is a folder with an archive and its checksum.
# It appears whole, by one rename, and goes by one. Builds may run at the same time: each links against a file of its own.

# Sets `result` to whether `entry` is whole. If so, `archive` is its archive from now on, whatever becomes of the entry: a hard
# link where the file system allows, else a copy.
function(take_archive entry archive result)
  set(${result} FALSE PARENT_SCOPE)
  file(REMOVE "${archive}")
  # No command here stops the build where another one moves a damaged entry away.
  execute_process(COMMAND ${CMAKE_COMMAND} -E cat "${entry}/librocksdb.a.sha256"
    RESULT_VARIABLE failed OUTPUT_VARIABLE expected ERROR_QUIET)
  if(NOT failed)
    file(CREATE_LINK "${entry}/librocksdb.a" "${archive}" RESULT failed COPY_ON_ERROR)
  endif()
  if(failed)
    return()
  endif()
  file(SHA256 "${archive}" actual)
  if(actual STREQUAL expected)
    set(${result} TRUE PARENT_SCOPE)
  else()
    file(REMOVE "${archive}")
  endif()
endfunction()

# Makes `entry` of `archive`, unless a whole one is there. A damaged one gives way; what is not ours in it stays.
# A cache that cannot be written costs a build later, never this one.
function(store_archive archive entry)
  string(RANDOM LENGTH 12 suffix)
  set(aside "${entry}.tmp-${suffix}")
  set(damaged "${entry}.damaged-${suffix}")
  execute_process(COMMAND ${CMAKE_COMMAND} -E make_directory "${aside}" RESULT_VARIABLE failed ERROR_QUIET)
  if(NOT failed)
    execute_process(COMMAND ${CMAKE_COMMAND} -E copy "${archive}" "${aside}/librocksdb.a" RESULT_VARIABLE failed ERROR_QUIET)
  endif()
  if(failed)
    get_filename_component(cache_folder "${entry}" DIRECTORY)
    message(STATUS "Could not write to ${cache_folder}: the RocksDB archive is not kept, the next clean build compiles it again")
    remove_entry("${aside}")
    return()
  endif()
  file(SHA256 "${aside}/librocksdb.a" checksum)
  file(WRITE "${aside}/librocksdb.a.sha256" "${checksum}")

  take_archive("${entry}" "${aside}/librocksdb.a.there" is_there)
  file(REMOVE "${aside}/librocksdb.a.there")
  if(NOT is_there)
    file(RENAME "${entry}" "${damaged}" RESULT none_was_there)
    file(RENAME "${aside}" "${entry}" RESULT lost_the_race)
    remove_entry("${damaged}")
  endif()
  remove_entry("${aside}")
endfunction()

# Removes the files that store_archive writes, and the folder once it is empty.
function(remove_entry folder)
  if(NOT IS_DIRECTORY "${folder}")
    return()
  endif()
  file(REMOVE "${folder}/librocksdb.a" "${folder}/librocksdb.a.sha256")
  file(GLOB others LIST_DIRECTORIES TRUE "${folder}/*" "${folder}/.*")
  if(others)
    message(STATUS "${folder} holds what is not of this project, and is left there")
  else()
    file(REMOVE_RECURSE "${folder}")
  endif()
endfunction()
