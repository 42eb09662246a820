# SPDX-License-Identifier: MIT
# A missing dependency ends in one sentence: what needs it, the Debian package, and the switch that does without.

# weir_refuse(options what debian-packages): options, a list, are all that need it.
function(weir_refuse options what packages)
  list(JOIN options ", " names)
  list(TRANSFORM options REPLACE "(.+)" "-D\\1=OFF" OUTPUT_VARIABLE switches)
  list(JOIN switches " " switches)
  message(FATAL_ERROR "CMake does not find ${what}, which is needed for ${names}: "
    "install it (Debian: apt-get install ${packages}) or do without it (${switches}).")
endfunction()

# weir_need(options package debian-packages [version]): find_package() in the scope of the caller.
macro(weir_need options package packages)
  find_package(${package} ${ARGN} QUIET)
  if(NOT ${package}_FOUND)
    weir_refuse("${options}" ${package} "${packages}")
  endif()
endmacro()

# weir_need_module(options name pkg-config-module debian-packages): the target PkgConfig::name.
macro(weir_need_module options name module packages)
  find_package(PkgConfig QUIET)
  if(PkgConfig_FOUND)
    pkg_check_modules(${name} QUIET IMPORTED_TARGET ${module})
  endif()
  if(NOT ${name}_FOUND)
    weir_refuse("${options}" ${module} "${packages} pkg-config")
  endif()
endmacro()
