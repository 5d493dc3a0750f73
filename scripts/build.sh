#!/bin/sh
# Configures and builds a preset: `build.sh PRESET [TARGET...]`. Extra CMake options in
# POSTERN_CMAKE_OPTIONS.
set -eu
cd "$(dirname "$0")/.."
preset=$1
shift
# Tests and benchmarks need packages that the program does not. A folder that has them keeps them.
developer=-DPOSTERN_DEVELOPER=ON
if [ "$*" = postern ]; then
  developer=
  [ -e "build/$preset/CMakeCache.txt" ] || developer=-DPOSTERN_DEVELOPER=OFF
fi
# shellcheck disable=SC2086 # a list of options
cmake --preset "$preset" $developer ${POSTERN_CMAKE_OPTIONS:-} >build.log 2>&1 || { cat build.log >&2; rm -f build.log; exit 1; }
rm -f build.log
if [ $# -gt 0 ]; then
  exec cmake --build "build/$preset" --target "$@"
fi
exec cmake --build "build/$preset"
