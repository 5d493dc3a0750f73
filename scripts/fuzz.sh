#!/bin/sh
# Runs every fuzz target of the asan preset for a share of SECONDS each: `fuzz.sh SECONDS`.
# Starts from the kept inputs in tests/fuzz/corpus/, leaves them as they are.
set -eu
cd "$(dirname "$0")/.."
seconds=${1:-60}
set -- build/asan/tests/fuzz/*_fuzz
[ -x "$1" ] || { echo "no fuzz targets built" >&2; exit 1; }
share=$((seconds / $#))
[ "$share" -ge 1 ] || share=1
status=0
for target; do
  name=$(basename "$target")
  scratch=$(mktemp -d)
  mkdir -p "tests/fuzz/corpus/$name"
  if "$target" -max_total_time="$share" -timeout=10 -rss_limit_mb=2048 -print_final_stats=0 \
      -artifact_prefix="$scratch/" "$scratch" "tests/fuzz/corpus/$name" >"$scratch/log" 2>&1; then
    echo "ok   $name: $(grep -c . "$scratch/log") log lines, $(tail -n 1 "$scratch/log")"
  else
    status=1
    echo "FAIL $name"
    tail -n 40 "$scratch/log"
    for found in "$scratch"/crash-* "$scratch"/timeout-* "$scratch"/oom-* "$scratch"/leak-*; do
      [ -f "$found" ] && { echo "input $(basename "$found"):"; od -An -tx1 -v "$found" | head -n 20; }
    done
  fi
  rm -rf "$scratch"
done
exit $status
