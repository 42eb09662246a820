# SPDX-License-Identifier: MIT
# An overlay port of this very tree: vcpkg install weir --overlay-ports=packaging/vcpkg
# For a registry, vcpkg_from_github() or vcpkg_from_git() with a tag sets SOURCE_PATH instead.
get_filename_component(SOURCE_PATH "${CURRENT_PORT_DIR}/../../.." ABSOLUTE)

vcpkg_check_features(OUT_FEATURE_OPTIONS options FEATURES topology WEIR_BUILD_TOPOLOGY)
if(NOT "topology" IN_LIST FEATURES)
  set(VCPKG_BUILD_TYPE release) # headers have no other
endif()
vcpkg_cmake_configure(SOURCE_PATH "${SOURCE_PATH}" OPTIONS ${options})
vcpkg_cmake_install()
vcpkg_fixup_pkgconfig()
vcpkg_cmake_config_fixup(CONFIG_PATH share/cmake/weir)
if("topology" IN_LIST FEATURES)
  vcpkg_cmake_config_fixup(PACKAGE_NAME weir_topology CONFIG_PATH lib/cmake/weir_topology)
endif()
file(REMOVE_RECURSE "${CURRENT_PACKAGES_DIR}/debug/include" "${CURRENT_PACKAGES_DIR}/debug/share")
vcpkg_install_copyright(FILE_LIST "${SOURCE_PATH}/LICENSE")
