#!/bin/sh
# Installs the Debian 12 packages that are missing: `setup.sh program` for the program alone, `build`
# for the tests and benchmarks as well, `mta`, `pages` or `develop`.
# None of them is a service, unless logrotate needs a cron where there is no systemd. The MTAs, the
# name server and the Redis server for tests are unpacked into the build folder, not installed.
set -eu

program="g++ cmake ninja-build pkg-config
  libmilter-dev libspdlog-dev libfmt-dev libtomlplusplus-dev libre2-dev libidn2-dev libpsl-dev
  libssl-dev nlohmann-json3-dev libsimdjson-dev libcli11-dev zlib1g-dev libsqlite3-dev liblmdb-dev
  libc-ares-dev libgmime-3.0-dev libmaxminddb-dev prometheus-cpp-dev libmicrohttpd-dev
  libhiredis-dev"
# The last lines are what nsd and redis-server need, which are unpacked below.
build="$program python3 libgtest-dev libgmock-dev librapidcheck-dev
  libevent-2.1-7 libfstrm0 libprotobuf-c1
  libatomic1 libjemalloc2 liblzf1"
mta="python3 openssl logrotate"
# The tests of the installation. A machine with systemd has both; these two would take its place.
command -v systemd-sysusers >/dev/null || mta="$mta systemd-standalone-sysusers"
command -v systemd-tmpfiles >/dev/null || mta="$mta systemd-standalone-tmpfiles"
# An HTML checker and a browser, which look at the help pages; the browser is large.
pages="python3 tidy chromium"
develop="clang clang-format clang-tidy libclang-rt-14-dev ccache git"

case "${1:-build}" in
  program) wanted=$program ;;
  build) wanted=$build ;;
  mta) wanted=$mta ;;
  pages) wanted=$pages ;;
  develop) wanted=$develop ;;
  *) echo "usage: setup.sh program|build|mta|pages|develop" >&2; exit 64 ;;
esac

missing=
for package in $wanted; do
  state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
  [ "$state" = installed ] || missing="$missing $package"
done
if [ -n "$missing" ]; then
  echo "installing:$missing"
  as_root=
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || { echo "need root to install:$missing" >&2; exit 77; }
    as_root=sudo
  fi
  $as_root env DEBIAN_FRONTEND=noninteractive apt-get update -qq
  # shellcheck disable=SC2086 # a list of words
  $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
fi

# The name server of the tests. Its package would start a service, so only the program is taken.
nsd=$(dirname "$0")/../build/nsd
if [ "${1:-build}" = build ] && [ ! -x "$nsd/usr/sbin/nsd" ]; then
  mkdir -p "$nsd"
  (cd "$nsd" && apt-get -qq -o APT::Sandbox::User=root download nsd &&
    dpkg-deb --fsys-tarfile nsd_*.deb | tar -x ./usr/sbin/nsd && rm -f nsd_*.deb) >/dev/null ||
    echo "nsd cannot be fetched: tests against a real name server will be skipped" >&2
fi

# So is the Redis server; its program is in the package of its tools.
redis=$(dirname "$0")/../build/redis
if [ "${1:-build}" = build ] && [ ! -x "$redis/usr/bin/redis-server" ]; then
  mkdir -p "$redis"
  (cd "$redis" && apt-get -qq -o APT::Sandbox::User=root download redis-server redis-tools &&
    for package in redis-*.deb; do
      dpkg-deb --fsys-tarfile "$package" | tar -x ./usr/bin
    done && rm -f redis-*.deb) >/dev/null ||
    echo "redis-server cannot be fetched: tests against a real one will be skipped" >&2
fi
