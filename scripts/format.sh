#!/bin/sh
# Checks the layout of every C++ source; `--write` corrects it.
set -eu
cd "$(dirname "$0")/.."
if [ "${1:-}" = --write ]; then
  git ls-files -z '*.cc' '*.h' | xargs -0 clang-format -i
else
  git ls-files -z '*.cc' '*.h' | xargs -0 clang-format --dry-run -Werror
fi
