# SPDX-License-Identifier: MIT
# Where WEIR_BUNDLE is on, as in the preset dev, files are compiled as few: what they include is read once for many, and
# compiled once where it is a template. So a name of an anonymous namespace is used once in a folder. The other presets
# compile each file as it is, so that each is seen to include what it needs.

option(WEIR_BUNDLE "Compile the files of a folder as one: quicker from nothing, slower after a change of one" OFF)
mark_as_advanced(WEIR_BUNDLE)

# weir_bundle(target [ALONE file...] [AT_ONCE n]): to be called where the target is made, when it has all of its sources. At most n
# of a folder become one file, which else a single core would compile for long.
function(weir_bundle target)
  if(NOT WEIR_BUNDLE)
    return()
  endif()
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "AT_ONCE" "ALONE")
  if(NOT arg_AT_ONCE)
    set(arg_AT_ONCE 100)
  endif()
  get_target_property(sources ${target} SOURCES)
  list(REMOVE_ITEM sources ${arg_ALONE})
  set(count 0)
  foreach(source IN LISTS sources)
    get_filename_component(folder ${source} DIRECTORY)
    math(EXPR group "${count} / ${arg_AT_ONCE}")
    math(EXPR count "${count} + 1")
    set_source_files_properties(${source} PROPERTIES UNITY_GROUP "of_${folder}_${group}")
  endforeach()
  set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_MODE GROUP)
endfunction()

# weir_read_options_once(target...): for programs that use CLI11 and fmt, which take seconds to read: once for all of them.
function(weir_read_options_once)
  if(NOT WEIR_BUNDLE)
    return()
  endif()
  if(NOT TARGET precompiled_programs)
    file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/precompiled_programs.cpp CONTENT "")
    add_library(precompiled_programs OBJECT ${PROJECT_BINARY_DIR}/precompiled_programs.cpp)
    target_link_libraries(precompiled_programs PRIVATE weir::weir CLI11::CLI11 fmt::fmt Threads::Threads)
    target_precompile_headers(precompiled_programs PRIVATE <CLI/CLI.hpp> <fmt/format.h> <algorithm> <atomic> <chrono> <csignal>
      <cstdio> <filesystem> <functional> <memory> <optional> <string> <thread> <vector>)
  endif()
  foreach(target IN LISTS ARGN)
    target_precompile_headers(${target} REUSE_FROM precompiled_programs)
  endforeach()
endfunction()
