# Everything a person needs: `make run` shows Postern at work, `make test` proves it.
# Each target sets up what it needs (Debian 12 packages, a build) and says what it does.

BUILD  ?= build
JOBS   ?= $(shell nproc)
prefix ?= /usr/local

.PHONY: help setup build everything run test check-all bench install install-library format clean

help:
	@echo "make run        build, then watch Postern refuse mail behind a private Postfix"
	@echo "make test       build, then every test, with real Postfix and real sendmail"
	@echo "make build      leaves the program at $(BUILD)/release/postern"
	@echo "make install    honours DESTDIR and prefix (now $(prefix))"
	@echo "make install-library  headers and libpostern.a for programs of your own"
	@echo "make bench      the benchmarks behind the figures of the README"
	@echo "make check-all  clang, thread sanitizer, clang-tidy, long fuzzing, many kills"
	@echo "make format     lays out the sources with clang-format"

setup:
	@scripts/setup.sh build

build:
	@scripts/setup.sh program
	@scripts/build.sh release postern

# The program, the tests and the benchmarks.
everything: setup
	@scripts/build.sh release

run: build
	@scripts/setup.sh mta
	@/usr/bin/python3 scripts/demo.py

test: everything
	@scripts/setup.sh mta
	@/usr/bin/python3 scripts/run_tests.py --build $(BUILD)/release --mta --pages

check-all: setup
	@scripts/setup.sh develop
	@scripts/check_all.sh

bench: setup
	@POSTERN_CMAKE_OPTIONS=-DPOSTERN_BENCHMARKS=ON scripts/build.sh release
	@/usr/bin/python3 bench/run.py --build $(BUILD)/release

# What is needed to debug a core stays in the build folder.
install: build
	@cmake --install $(BUILD)/release --prefix $(prefix) --strip

install-library: build
	@cmake --install $(BUILD)/release --prefix $(prefix) --component development

format: setup
	@scripts/setup.sh develop
	@scripts/format.sh --write

clean:
	rm -rf $(BUILD)
