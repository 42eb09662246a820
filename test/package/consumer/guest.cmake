# SPDX-License-Identifier: MIT
# weir as a guest in somebody's tree: it brings its libraries, and nothing else.

function(expect what actual expected)
  if(NOT "${actual}" STREQUAL "${expected}")
    message(SEND_ERROR "${what}: '${actual}', where '${expected}' is right")
  endif()
endfunction()

function(targets_below dir out)
  get_property(targets DIRECTORY ${dir} PROPERTY BUILDSYSTEM_TARGETS)
  get_property(subdirs DIRECTORY ${dir} PROPERTY SUBDIRECTORIES)
  foreach(subdir IN LISTS subdirs)
    targets_below(${subdir} more)
    list(APPEND targets ${more})
  endforeach()
  set(${out} ${targets} PARENT_SCOPE)
endfunction()

set(libraries weir)
if(WEIR_BUILD_TOPOLOGY)
  list(APPEND libraries weir_topology)
endif()
targets_below(${WEIR_SOURCE_DIR} targets)
list(REMOVE_ITEM targets weir_printers) # concerns only programs that link it
expect("weir's targets in a guest build" "${targets}" "${libraries}")

expect("CMAKE_CXX_FLAGS after weir" "${CMAKE_CXX_FLAGS}" "${flags_before}")
expect("CMAKE_CXX_STANDARD after weir" "${CMAKE_CXX_STANDARD}" "")
foreach(property IN ITEMS COMPILE_OPTIONS COMPILE_DEFINITIONS LINK_OPTIONS)
  get_property(value DIRECTORY PROPERTY ${property})
  expect("the directory's ${property} after weir" "${value}" "")
  foreach(library IN LISTS libraries)
    get_target_property(value ${library} INTERFACE_${property})
    expect("${property} that ${library} lays on its users" "${value}" "value-NOTFOUND")
  endforeach()
endforeach()
