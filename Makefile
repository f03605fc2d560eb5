# pgsteer. `make help` lists the targets.

VERSION  := 0.1.0
CC       ?= gcc
BUILD    ?= build
PREFIX   ?= /usr/local
DESTDIR  ?=
PYTHON   ?= /usr/bin/python3
export PYTHON BUILD

PACKAGES := ncursesw libevent_core libevent_extra libcurl openssl libcares libpq libcjson sqlite3 libsystemd ldap pam libidn
TEST_PACKAGES := cunit

# A fresh machine has no libraries yet: the targets that need none must still work there.
pkg       = $(shell pkg-config $(1) $(2) 2>/dev/null)

OPT      ?= -O2
SANITIZE ?=
WARN     := -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wswitch-enum -Wconversion -Wvla
# Guards of the processor's own, where the compiler has them: branches and returns go where they may.
BRANCHES := $(firstword $(foreach f,-fcf-protection -mbranch-protection=standard,$(if $(filter ok,$(shell $(CC) -Werror $(f) -S -x c /dev/null -o /dev/null 2>/dev/null && echo ok)),$(f))))
# gcc clears and copies structs of 32 bytes and more by an instruction that takes 30 cycles to begin: what the scanner
# does for a short text takes 10 ns less without it, of 110.
PIECES   := unrolled_loop:256:noalign,libcall:-1:noalign
COPYING  := $(shell $(CC) -mmemset-strategy=$(PIECES) -mmemcpy-strategy=$(PIECES) -S -x c /dev/null -o /dev/null 2>/dev/null && echo -mmemset-strategy=$(PIECES) -mmemcpy-strategy=$(PIECES))
HARDEN   := -fstack-protector-strong -fstack-clash-protection $(BRANCHES) -fPIE -fno-strict-aliasing $(if $(SANITIZE),,-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3)
CPPFLAGS += -Isrc -I$(BUILD)/gen -D_GNU_SOURCE -DPGSTEER_VERSION='"$(VERSION)"'
CFLAGS   += -std=c17 -g $(OPT) $(WARN) $(HARDEN) $(SANITIZE) -pthread $(call pkg,--cflags,$(PACKAGES))
LDFLAGS  += -pie -Wl,-z,relro,-z,now -Wl,-z,noexecstack -pthread $(SANITIZE)
LDLIBS   += $(call pkg,--libs,$(PACKAGES)) -lm

ROOMS    := base wire conf auth cluster net authority router pool health session admin http top
ROOM_SRC := $(foreach r,$(ROOMS),$(wildcard src/$(r)/*.c))
ROOF_SRC := $(wildcard src/*.c)
UNIT_SRC := $(wildcard tests/unit/*.c tests/unit/*/*.c)
ROOM_OBJ := $(ROOM_SRC:%.c=$(BUILD)/%.o)
ROOF_OBJ := $(ROOF_SRC:%.c=$(BUILD)/%.o)
UNIT_OBJ := $(UNIT_SRC:%.c=$(BUILD)/%.o)

.PHONY: all help install test unit flow lint format asan tsan valgrind faults hostile demo clients readers installcheck versions page drill patroni pairs soak bench bench-catalog bench-scrape gates oracle labels fuzz clean deps test-deps

all: $(BUILD)/pgsteer

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  \1\t/' | expand -t 14

$(BUILD)/pgsteer: $(ROOF_OBJ) $(ROOM_OBJ) $(EXTRA_OBJ)
	$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(BUILD)/unit: $(UNIT_OBJ) $(ROOM_OBJ)
	$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS) $(call pkg,--libs,$(TEST_PACKAGES))

$(BUILD)/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -Itests/unit -MMD -MP -c -o $@ $<

$(BUILD)/src/router/%.o: CFLAGS += $(COPYING)

-include $(ROOM_OBJ:.o=.d) $(ROOF_OBJ:.o=.d) $(UNIT_OBJ:.o=.d)

# The dashboard's files become part of the program: the bytes of each as numbers, for src/http/page.c.
PAGE     := $(wildcard src/http/page/*)
PAGE_INC := $(PAGE:src/http/page/%=$(BUILD)/gen/page/%.inc)

$(BUILD)/gen/page/%.inc: src/http/page/%
	@mkdir -p $(@D)
	od -An -v -tx1 $< | sed 's/ \(..\)/0x\1,/g' > $@

$(BUILD)/src/http/page.o: $(PAGE_INC)

deps: ## install what building needs (Debian; says what it installs)
	@tests/lib/packages build

test-deps: ## install what the tests need as well
	@tests/lib/packages build test

install: all ## install into $(DESTDIR)$(PREFIX)
	install -D -m 755 $(BUILD)/pgsteer $(DESTDIR)$(PREFIX)/bin/pgsteer
	install -d $(DESTDIR)$(PREFIX)/share/doc/pgsteer/examples
	install -m 644 config/* $(DESTDIR)$(PREFIX)/share/doc/pgsteer/examples
	install -m 644 README.md ARCHITECTURE.md $(DESTDIR)$(PREFIX)/share/doc/pgsteer

# The tests' own make runs after the packages are there, so that pkg-config is asked again.
test: test-deps ## install what is missing, build, run every test
	@$(MAKE) --no-print-directory all $(BUILD)/unit
	@tests/run unit flow lint-floors

unit: $(BUILD)/unit ## run the unit tests
	@tests/run unit

flow: all ## run the flow tests: the whole program against real PostgreSQL servers
	@tests/run flow

lint: test-deps ## clang-format, clang-tidy, cppcheck, floors and walls, headers alone, names, how the program is hardened
	@tests/lib/packages lint
	@tests/lint/run

format: ## apply clang-format
	clang-format -i $$(git ls-files '*.c' '*.h')

# Address space randomization is more than the sanitizers of some compilers bear. Not everywhere can it be turned off.
STILL     = $$(setarch -R true 2>/dev/null && echo setarch -R)

asan: test-deps ## unit and flow tests (PARTS=flow:... alone, DRILL=... a drill) under AddressSanitizer and UndefinedBehaviorSanitizer
	@$(if $(DRILL),tests/lib/packages drill)
	@$(MAKE) --no-print-directory BUILD=build/asan OPT=-O1 SANITIZE='-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer' EXTRA_OBJ=build/asan/tests/lib/asan.o all build/asan/unit
	@BUILD=build/asan $(STILL) $(if $(DRILL),tests/drill/drill '$(DRILL)',tests/run $(or $(PARTS),unit flow))

tsan: test-deps ## unit and flow tests (PARTS=flow:... alone, DRILL=... a drill) under ThreadSanitizer
	@$(if $(DRILL),tests/lib/packages drill)
	@$(MAKE) --no-print-directory BUILD=build/tsan OPT=-O1 SANITIZE='-fsanitize=thread -fno-omit-frame-pointer' EXTRA_OBJ=build/tsan/tests/lib/tsan.o all build/tsan/unit
	@BUILD=build/tsan $(STILL) $(if $(DRILL),tests/drill/drill '$(DRILL)',tests/run $(or $(PARTS),unit flow))

# Left out is what waits for one that never answers: at the end a thread is at work still, and valgrind sees its stack.
valgrind: test-deps ## logins of every kind under memcheck (PARTS=flow:...): no error, and nothing left at the end
	@tests/lib/packages valgrind
	@$(MAKE) --no-print-directory all
	@STEER_WRAPPER='valgrind -q --error-exitcode=9 --leak-check=full --errors-for-leak-kinds=definite,possible' \
		tests/run $(or $(PARTS),flow:auth. flow:login. flow:tls. flow:outside.ldap_forms flow:outside.pam)

faults: test-deps ## each allocation and system call of a scene fails, one after the other (SCENES=tls,http CALLS=malloc STEP=10)
	@$(MAKE) --no-print-directory all
	@$${PYTHON:-/usr/bin/python3} -B tests/drill/faults.py "$(SCENES)" "$(CALLS)" $(or $(STEP),1)

hostile: test-deps ## every kind of message with every wrong length, and in every wrong place (make test: one of five)
	@$(MAKE) --no-print-directory all
	@HOSTILE=all tests/run flow:hostile_

demo: ## the product in 90 seconds: a cluster, a load, a failover
	@tests/lib/packages build demo
	@$(MAKE) --no-print-directory all
	@tests/demo/demo $(if $(KEEP),--keep)

clients: test-deps ## real drivers, ORMs and tools through pgsteer, with noise beside them
	@tests/lib/packages clients
	@$(MAKE) --no-print-directory all
	@tests/clients/clients

readers: test-deps ## what reads the console, /metrics and the log: check_postgres, munin, exporters, Grafana's and Telegraf's drivers, pgJDBC, Prometheus, pgBadger
	@tests/lib/packages readers
	@$(MAKE) --no-print-directory all
	@tests/readers/readers

installcheck: test-deps ## PostgreSQL's own regression and isolation tests through pgsteer, beside those without (SUITES="transaction isolation")
	@tests/lib/packages suite
	@$(MAKE) --no-print-directory all
	@tests/suite/suite $(SUITES)

versions: test-deps ## the flow tests (PARTS="tls.,login.") with the servers of PostgreSQL 13, 14, 16, 17 and 18 (MAJORS="17 18"), which npm has
	@tests/lib/packages versions
	@$(MAKE) --no-print-directory all
	@PARTS='$(PARTS)' tests/versions/versions $(MAJORS)

page: test-deps ## the dashboard in a real browser, with a failover while it is open; screenshots in build/page
	@tests/lib/packages page
	@$(MAKE) --no-print-directory all
	@tests/page/page

drill: test-deps ## failover drills under load (DRILL=part of a name); prints a table
	@tests/lib/packages drill
	@$(MAKE) --no-print-directory all
	@tests/drill/drill $(if $(DRILL),'$(DRILL)')

patroni: test-deps ## a planned, a scheduled and an unplanned change of leader under Debian's Patroni
	@tests/lib/packages patroni
	@$(MAKE) --no-print-directory all
	@$${PYTHON:-/usr/bin/python3} -B tests/drill/patroni.py

pairs: test-deps ## write-then-read pairs (PAIRS=1000000) beside paused and delayed standbys: none may be stale
	@$(MAKE) --no-print-directory all
	@$${PYTHON:-/usr/bin/python3} -B tests/drill/pairs.py $(PAIRS)

soak: test-deps ## MINUTES=10 of storms and calms: isolation, exactly once, counters that add up, no drift of memory, descriptors, latency
	@tests/lib/packages drill
	@$(MAKE) --no-print-directory all
	@$${PYTHON:-/usr/bin/python3} -B tests/drill/soak.py $(or $(MINUTES),10)

bench: test-deps ## speed beside PgBouncer, Pgpool-II, HAProxy and a minimal relay, as ratios (QUICK=1, WORKLOADS="null tls")
	@tests/lib/packages bench
	@$(MAKE) --no-print-directory all $(BENCHES)
	@tests/bench/bench $(if $(QUICK),--quick) $(WORKLOADS)

gates: test-deps ## system calls and instructions that a transaction takes, counted, against the most they may be
	@tests/lib/packages bench valgrind
	@$(MAKE) --no-print-directory all
	@tests/bench/gates

bench-catalog: test-deps ## how long the catalog of a large database takes to read, and whom that keeps waiting
	@$(MAKE) --no-print-directory all
	@tests/bench/catalog

bench-scrape: test-deps ## what looking at it costs with 10,000 clients: /metrics at 1 Hz may take 1 % of a core
	@$(MAKE) --no-print-directory all
	@tests/bench/scrape $(CLIENTS)

# Programs of the tests that call the rooms: the scanner beside the library that holds PostgreSQL's grammar; the bench's.
$(BUILD)/oracle/compare: $(BUILD)/tests/oracle/compare.o $(BUILD)/tests/oracle/judge.o $(ROOM_OBJ)
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS) -lpg_query

BENCHES := $(patsubst %,$(BUILD)/bench/%,classify load null relay)
BENCH_OBJ := $(patsubst %,$(BUILD)/tests/bench/%.o,channel request watch)

$(BENCHES): $(BUILD)/bench/%: $(BUILD)/tests/bench/%.o $(BENCH_OBJ) $(ROOM_OBJ)
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

# One fuzzer for each file; all are linked alike. Their rooms are clang's, with its coverage, apart from the others.
FUZZERS := $(patsubst tests/fuzz/%.c,$(BUILD)/%,$(wildcard tests/fuzz/fuzz_*.c))

FUZZ_OBJ := $(BUILD)/tests/oracle/judge.o $(BUILD)/tests/fuzz/frame.o $(patsubst %,$(BUILD)/tests/unit/%.o,admin/bench conf/files net/turns pool/fakes session/parlour tempdir)

$(FUZZERS): $(BUILD)/%: $(BUILD)/tests/fuzz/%.o $(FUZZ_OBJ) $(ROOM_OBJ)
	$(CC) $(LDFLAGS) -fsanitize=fuzzer -o $@ $^ $(LDLIBS) -lpg_query

-include $(wildcard $(BUILD)/tests/oracle/*.d $(BUILD)/tests/bench/*.d $(BUILD)/tests/fuzz/*.d)

oracle: deps ## the scanner beside PostgreSQL's own grammar: no write may be a read; prints the reads it loses
	@tests/lib/packages oracle
	@$(MAKE) --no-print-directory $(BUILD)/oracle/compare
	@tests/oracle/oracle $(MUTATIONS) $(SEED)

labels: test-deps ## statements labelled by what a real standby does with them, beside what the router takes them for (LABELS="-v orm")
	@tests/lib/packages oracle
	@$(MAKE) --no-print-directory all
	@tests/oracle/labels $(LABELS)

# What clang adds to undefined is a null pointer plus 0, which C2y defines.
fuzz: deps ## hostile input for SECONDS=60 each, to all of tests/fuzz or FUZZ="classify ..."
	@tests/lib/packages oracle fuzz
	@$(MAKE) --no-print-directory BUILD=build/fuzz CC=clang OPT=-O1 SANITIZE='-fsanitize=address,undefined,fuzzer-no-link -fno-sanitize=pointer-overflow -fno-sanitize-recover=all -fno-omit-frame-pointer' WARN= fuzzers
	@tests/fuzz/fuzz $(or $(SECONDS),60) $(FUZZ)

.PHONY: fuzzers
fuzzers: $(FUZZERS)

clean: ## remove everything that was built
	rm -rf build
