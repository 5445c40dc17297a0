# The commands of the project; what they do is in scripts/ and test/.

.PHONY: help build start test check-long bench clean

help:
	@echo "make build   installs what is missing and builds the program, build/dynlog"
	@echo "make start   does that and starts it with examples/users-node"
	@echo "make test    installs what is missing, builds with sanitizers and runs every test"
	@echo "make check-long  runs what takes hours: attacks, histories, soak, fuzzers, ThreadSanitizer"
	@echo "make bench   measures, and prints the tables of docs/performance.md"
	@echo "make clean   removes what was built (no data, no packages)"

build:
	@scripts/dependencies build
	@scripts/build build --buildtype=release

start:
	@scripts/dependencies start
	@scripts/build build --buildtype=release
	@exec scripts/start examples/users-node

test:
	@scripts/dependencies test
	@test/run

check-long:
	@scripts/dependencies test
	@scripts/check-long

bench:
	@scripts/dependencies bench
	@scripts/bench

clean:
	rm -rf build build-analyse build-bench build-test build-clang build-fuzz build-tsan build-long
