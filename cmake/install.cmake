# SPDX-License-Identifier: MIT
# What an installed weir consists of. Everything is found relative to where it lies, so the tree may be moved. The headers are
# the same on every machine and lie under include and share; weir::topology and weir::jetstream are packages of
# their own under lib.
include(CMakePackageConfigHelpers)

set(weir_config_dir ${CMAKE_INSTALL_DATADIR}/cmake/weir)
install(TARGETS weir weir_printers EXPORT weirTargets FILE_SET HEADERS COMPONENT headers)
install(EXPORT weirTargets NAMESPACE weir:: DESTINATION ${weir_config_dir} COMPONENT headers)

# Printers for debuggers: see debug/README.md.
install(
  FILES debug/weir_rings.py debug/weir_gdb.py debug/weir_lldb.py debug/printers.cpp debug/README.md
  DESTINATION ${weir_printers_dir} COMPONENT headers)

set(weir_library_paths "\"\${PACKAGE_PREFIX_DIR}\"") # of weir::topology and weir::jetstream
if(IS_ABSOLUTE ${CMAKE_INSTALL_LIBDIR})
  string(APPEND weir_library_paths " \"${CMAKE_INSTALL_LIBDIR}\"")
endif()
configure_package_config_file(cmake/weirConfig.cmake.in weirConfig.cmake INSTALL_DESTINATION ${weir_config_dir})
write_basic_package_version_file(weirConfigVersion.cmake COMPATIBILITY SameMinorVersion ARCH_INDEPENDENT)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/weirConfig.cmake ${CMAKE_CURRENT_BINARY_DIR}/weirConfigVersion.cmake
  DESTINATION ${weir_config_dir} COMPONENT headers)

# pkg-config: "prefix" is told from where the .pc file lies, unless an absolute directory was asked for.
function(weir_install_pc name dir component)
  file(RELATIVE_PATH up ${CMAKE_INSTALL_PREFIX}/${dir}/pkgconfig ${CMAKE_INSTALL_PREFIX})
  string(REGEX REPLACE "/$" "" up "${up}")
  set(weir_pc_prefix "\${pcfiledir}/${up}")
  if(IS_ABSOLUTE ${dir})
    set(weir_pc_prefix ${CMAKE_INSTALL_PREFIX})
  endif()
  cmake_path(ABSOLUTE_PATH CMAKE_INSTALL_INCLUDEDIR BASE_DIRECTORY "\${prefix}" OUTPUT_VARIABLE weir_pc_includedir)
  cmake_path(ABSOLUTE_PATH CMAKE_INSTALL_LIBDIR BASE_DIRECTORY "\${prefix}" OUTPUT_VARIABLE weir_pc_libdir)
  configure_file(cmake/${name}.pc.in ${name}.pc @ONLY)
  install(FILES ${CMAKE_CURRENT_BINARY_DIR}/${name}.pc DESTINATION ${dir}/pkgconfig COMPONENT ${component})
endfunction()
weir_install_pc(weir ${CMAKE_INSTALL_DATADIR} headers)

if(WEIR_BUILD_TOPOLOGY)
  set(weir_topology_config_dir ${CMAKE_INSTALL_LIBDIR}/cmake/weir_topology)
  install(TARGETS weir_topology EXPORT weir_topologyTargets
    RUNTIME COMPONENT topology
    LIBRARY COMPONENT topology NAMELINK_COMPONENT topology-dev
    ARCHIVE COMPONENT topology-dev
    FILE_SET HEADERS COMPONENT topology-dev)
  install(EXPORT weir_topologyTargets NAMESPACE weir:: DESTINATION ${weir_topology_config_dir} COMPONENT topology-dev)
  get_target_property(weir_topology_type weir_topology TYPE)
  set(weir_topology_is_static OFF)
  set(weir_pc_requires "Requires: weir")
  if(weir_topology_type STREQUAL STATIC_LIBRARY)
    set(weir_topology_is_static ON) # a static library brings its own dependencies to every link
    set(weir_pc_requires "Requires: weir, hwloc")
  endif()
  configure_file(cmake/weir_topologyConfig.cmake.in weir_topologyConfig.cmake @ONLY)
  write_basic_package_version_file(weir_topologyConfigVersion.cmake COMPATIBILITY ExactVersion)
  install(
    FILES
      ${CMAKE_CURRENT_BINARY_DIR}/weir_topologyConfig.cmake
      ${CMAKE_CURRENT_BINARY_DIR}/weir_topologyConfigVersion.cmake
    DESTINATION ${weir_topology_config_dir} COMPONENT topology-dev)
  weir_install_pc(weir-topology ${CMAKE_INSTALL_LIBDIR} topology-dev)
endif()

if(WEIR_BUILD_JETSTREAM)
  set(weir_jetstream_config_dir ${CMAKE_INSTALL_LIBDIR}/cmake/weir_jetstream)
  install(TARGETS weir_jetstream EXPORT weir_jetstreamTargets
    RUNTIME COMPONENT jetstream
    LIBRARY COMPONENT jetstream NAMELINK_COMPONENT jetstream-dev
    ARCHIVE COMPONENT jetstream-dev
    FILE_SET HEADERS COMPONENT jetstream-dev)
  install(EXPORT weir_jetstreamTargets NAMESPACE weir:: DESTINATION ${weir_jetstream_config_dir} COMPONENT jetstream-dev)
  get_target_property(weir_jetstream_type weir_jetstream TYPE)
  set(weir_jetstream_is_static OFF)
  set(weir_pc_requires "Requires: weir")
  if(weir_jetstream_type STREQUAL STATIC_LIBRARY)
    set(weir_jetstream_is_static ON)
    set(weir_pc_requires "Requires: weir, libnats")
  endif()
  configure_file(cmake/weir_jetstreamConfig.cmake.in weir_jetstreamConfig.cmake @ONLY)
  write_basic_package_version_file(weir_jetstreamConfigVersion.cmake COMPATIBILITY ExactVersion)
  install(
    FILES
      ${CMAKE_CURRENT_BINARY_DIR}/weir_jetstreamConfig.cmake
      ${CMAKE_CURRENT_BINARY_DIR}/weir_jetstreamConfigVersion.cmake
    DESTINATION ${weir_jetstream_config_dir} COMPONENT jetstream-dev)
  weir_install_pc(weir-jetstream ${CMAKE_INSTALL_LIBDIR} jetstream-dev)
endif()
