# SPDX-License-Identifier: MIT
# Debian packages by CPack, one for each component that is installed: see packaging/README.md.
set(WEIR_DEB_MAINTAINER "The weir authors <weir@weir.invalid>" CACHE STRING "Maintainer in the Debian packages: name <address>")
mark_as_advanced(WEIR_DEB_MAINTAINER)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME weir)
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "") # each component has its own
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_GROUPING IGNORE)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_PACKAGE_MAINTAINER "${WEIR_DEB_MAINTAINER}")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(exactly "(= ${PROJECT_VERSION}-${CPACK_DEBIAN_PACKAGE_RELEASE})")

# weir_describe(component package section summary description)
function(weir_describe component package section summary description)
  string(TOUPPER ${component} upper)
  set(CPACK_DEBIAN_${upper}_PACKAGE_NAME ${package} PARENT_SCOPE)
  set(CPACK_DEBIAN_${upper}_PACKAGE_SECTION ${section} PARENT_SCOPE)
  set(CPACK_DEBIAN_${upper}_DESCRIPTION "${summary}\n${description}" PARENT_SCOPE)
  set(CPACK_COMPONENTS_ALL ${CPACK_COMPONENTS_ALL} ${component} PARENT_SCOPE)
  set(weir_components ${weir_components} ${component}:${package} PARENT_SCOPE)
endfunction()

set(CPACK_COMPONENTS_ALL)
weir_describe(headers libweir-dev libdevel "bounded, lock-free ring buffers for C++20 (headers)"
  "Rings that pass items, messages or broadcasts between threads. Their bound\nis exact, and a full ring is a status: the sender decides what gives.\nThese are headers that need nothing but the standard library.")
set(CPACK_DEBIAN_HEADERS_PACKAGE_ARCHITECTURE all)

if(WEIR_BUILD_TOPOLOGY)
  set(soname ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
  set(CPACK_DEBIAN_TOPOLOGY-DEV_PACKAGE_DEPENDS "libweir-dev ${exactly}")
  if(weir_topology_is_static)
    string(APPEND CPACK_DEBIAN_TOPOLOGY-DEV_PACKAGE_DEPENDS ", libhwloc-dev (>= 2.4), pkg-config")
  else()
    weir_describe(topology libweir-topology${soname} libs "choose cores for threads, and pin them"
      "The library behind weir's headers topology.hpp, affinity.hpp and plan.hpp. It\nreads which cores share which caches, chooses a good pair for two threads,\npins them and verifies where they run.")
    set(CPACK_DEBIAN_TOPOLOGY_PACKAGE_SHLIBDEPS ON)
    set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)
    file(CONFIGURE OUTPUT triggers CONTENT "activate-noawait ldconfig\n")
    set(CPACK_DEBIAN_TOPOLOGY_PACKAGE_CONTROL_EXTRA ${PROJECT_BINARY_DIR}/triggers)
    string(APPEND CPACK_DEBIAN_TOPOLOGY-DEV_PACKAGE_DEPENDS ", libweir-topology${soname} ${exactly}")
    set(CPACK_DEBIAN_TOOLS_PACKAGE_DEPENDS "libweir-topology${soname} ${exactly}")
    set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS ${PROJECT_BINARY_DIR}/src)
  endif()
  weir_describe(topology-dev libweir-topology-dev libdevel "choose cores for threads, and pin them (development)"
    "Headers topology.hpp, affinity.hpp and plan.hpp of weir, and what CMake and\npkg-config need to link the library.")
endif()
if(WEIR_BUILD_TOOLS)
  weir_describe(tools weir-tools utils "measure cores and plan where threads run"
    "The weir program shows the topology of a machine, measures the latency\nbetween its cores and the jitter on each, finds settings that cost latency,\nand plans on which cores the threads of a program should run.")
  set(CPACK_DEBIAN_TOOLS_PACKAGE_SHLIBDEPS ON)
endif()

configure_file(${CMAKE_CURRENT_LIST_DIR}/finish_packages.cmake.in finish_packages.cmake @ONLY)
set(CPACK_PRE_BUILD_SCRIPTS ${PROJECT_BINARY_DIR}/finish_packages.cmake)
include(CPack)
