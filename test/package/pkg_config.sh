#!/bin/sh
# SPDX-License-Identifier: MIT
# pkg_config.sh VERSION WITH_TOPOLOGY WITH_JETSTREAM: builds the consumer as a Makefile would, with nothing but pkg-config and $CXX.
set -eu
consumer=$(dirname "$0")/consumer

build_and_run() { # SOURCE MODULE
    pkg-config --print-errors --exact-version="$version" "$2"
    # shellcheck disable=SC2046 # flags are words
    "$CXX" -std=c++20 "$consumer/$1.cpp" $(pkg-config --cflags --libs "$2") -o "pkg_config_$1"
    "./pkg_config_$1"
}

version=$1
build_and_run ring weir
if [ "$2" = ON ]; then build_and_run pin weir-topology; fi
if [ -n "${3-}" ] && [ "$3" != OFF ]; then build_and_run link weir-jetstream; fi
