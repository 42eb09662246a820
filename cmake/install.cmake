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

# weir_install_library(name needs): weir::NAME, a component of the package. A static library brings what it needs to every link.
function(weir_install_library name needs)
  set(library weir_${name})
  set(config_dir ${CMAKE_INSTALL_LIBDIR}/cmake/${library})
  install(TARGETS ${library} EXPORT ${library}Targets
    RUNTIME COMPONENT ${name}
    LIBRARY COMPONENT ${name} NAMELINK_COMPONENT ${name}-dev
    ARCHIVE COMPONENT ${name}-dev
    FILE_SET HEADERS COMPONENT ${name}-dev)
  install(EXPORT ${library}Targets NAMESPACE weir:: DESTINATION ${config_dir} COMPONENT ${name}-dev)
  get_target_property(type ${library} TYPE)
  set(${library}_is_static OFF)
  set(weir_pc_requires "Requires: weir")
  if(type STREQUAL STATIC_LIBRARY)
    set(${library}_is_static ON)
    set(weir_pc_requires "Requires: weir, ${needs}")
  endif()
  configure_file(cmake/${library}Config.cmake.in ${library}Config.cmake @ONLY)
  write_basic_package_version_file(${library}ConfigVersion.cmake COMPATIBILITY ExactVersion)
  install(
    FILES ${CMAKE_CURRENT_BINARY_DIR}/${library}Config.cmake ${CMAKE_CURRENT_BINARY_DIR}/${library}ConfigVersion.cmake
    DESTINATION ${config_dir} COMPONENT ${name}-dev)
  weir_install_pc(weir-${name} ${CMAKE_INSTALL_LIBDIR} ${name}-dev)
endfunction()
if(WEIR_BUILD_TOPOLOGY)
  weir_install_library(topology hwloc)
endif()
if(WEIR_BUILD_JETSTREAM)
  weir_install_library(jetstream libnats)
endif()
