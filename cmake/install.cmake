# SPDX-License-Identifier: MIT
# What an installed weir consists of. Everything is found relative to where it lies, so the tree may be moved.
include(CMakePackageConfigHelpers)

set(weir_config_dir ${CMAKE_INSTALL_LIBDIR}/cmake/weir)
set(weir_pc_dir ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

install(TARGETS weir weir_printers EXPORT weirTargets FILE_SET HEADERS)
install(EXPORT weirTargets NAMESPACE weir:: DESTINATION ${weir_config_dir})

# Printers for debuggers: see debug/README.md.
install(
  FILES debug/weir_rings.py debug/weir_gdb.py debug/weir_lldb.py debug/printers.cpp debug/README.md
  DESTINATION ${weir_printers_dir})

if(WEIR_BUILD_TOPOLOGY)
  # An export set of its own: the rings stay usable where hwloc is missing.
  install(TARGETS weir_topology EXPORT weirTopologyTargets FILE_SET HEADERS)
  install(EXPORT weirTopologyTargets NAMESPACE weir:: DESTINATION ${weir_config_dir})
endif()

configure_package_config_file(cmake/weirConfig.cmake.in weirConfig.cmake INSTALL_DESTINATION ${weir_config_dir})
write_basic_package_version_file(weirConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(
  FILES
    ${CMAKE_CURRENT_BINARY_DIR}/weirConfig.cmake
    ${CMAKE_CURRENT_BINARY_DIR}/weirConfigVersion.cmake
  DESTINATION ${weir_config_dir})

# pkg-config: "prefix" is told from where the .pc file lies, unless an absolute directory was asked for.
function(weir_install_pc name)
  file(RELATIVE_PATH up ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
  string(REGEX REPLACE "/$" "" up "${up}")
  set(weir_pc_prefix "\${pcfiledir}/${up}")
  if(IS_ABSOLUTE ${CMAKE_INSTALL_LIBDIR})
    set(weir_pc_prefix ${CMAKE_INSTALL_PREFIX})
  endif()
  cmake_path(ABSOLUTE_PATH CMAKE_INSTALL_INCLUDEDIR BASE_DIRECTORY "\${prefix}" OUTPUT_VARIABLE weir_pc_includedir)
  cmake_path(ABSOLUTE_PATH CMAKE_INSTALL_LIBDIR BASE_DIRECTORY "\${prefix}" OUTPUT_VARIABLE weir_pc_libdir)
  configure_file(cmake/${name}.pc.in ${name}.pc @ONLY)
  install(FILES ${CMAKE_CURRENT_BINARY_DIR}/${name}.pc DESTINATION ${weir_pc_dir})
endfunction()

weir_install_pc(weir)
if(WEIR_BUILD_TOPOLOGY)
  get_target_property(weir_topology_type weir_topology TYPE)
  if(weir_topology_type STREQUAL STATIC_LIBRARY)
    set(weir_pc_requires "Requires: weir, hwloc") # a static library brings its own dependencies to every link
  else()
    set(weir_pc_requires "Requires: weir")
  endif()
  weir_install_pc(weir-topology)
endif()
