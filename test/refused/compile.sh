#!/bin/sh
# SPDX-License-Identifier: MIT
#
# compile.sh [--alone] SENTENCE COMPILER [FLAG ...] FILE: the file must not compile, and the compiler must say the sentence;
# --alone: as its only error.
alone=false
if [ "$1" = --alone ]; then
    alone=true
    shift
fi
sentence=$1
shift
if output=$("$@" 2>&1); then
    echo "it compiled, but should say: $sentence"
    exit 1
fi
# Compilers break lines at other places than this.
case $(echo "$output" | tr -s ' \n' ' ') in
*"$sentence"*) ;;
*)
    echo "it did not compile, but nobody said: $sentence"
    echo "$output"
    exit 1
    ;;
esac
if $alone && [ "$(echo "$output" | grep -c 'error:')" -ne 1 ]; then
    echo "it said so, but there are other errors, too: $sentence"
    echo "$output"
    exit 1
fi
