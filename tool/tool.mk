# SPDX-License-Identifier: MIT
#
# The host tool, its unit tests and its fuzzers.
#   bulkhead      the tool, at the root of the tree
#   check-tool    tests/unit/tool, sanitizers on, and a short run of each
#                 harness of tests/fuzz/tool

TOOL_SRC   := $(wildcard tool/*.c)
TOOL_LIBS  := -lfdt -lz -llzma -lbz2 -llz4 -lzstd
TOOL_INC   := -Itool -Iinclude
TOOL_CF    := -std=gnu17 -D_GNU_SOURCE -O2 -g $(TOOL_INC) $(WARN) $(REPRO)
TOOL_OBJ   := $(TOOL_SRC:%=$(OUT)/%.o)

# The live page is part of the binary.
PAGE_OBJ := $(patsubst %,$(OUT)/tool/%tool/page_files.c.o,asan/ fuzz/) \
	    $(OUT)/tool/page_files.c.o
$(PAGE_OBJ): $(wildcard tool/page/*)

$(OUT)/tool/%.c.o: tool/%.c
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(HOSTCC) $(TOOL_CF) $(HOSTCFLAGS) $(DEPGEN) -c -o $@ $<

$(OUT)/tool/bulkhead: $(TOOL_OBJ)
	$(call say,LD,$@)
	$(Q)$(HOSTCC) $(HOSTCFLAGS) -Wl,--build-id=none -o $@ $^ $(TOOL_LIBS)

# A copy, not a link: the tool finds its files from where its binary is.
bulkhead: $(OUT)/tool/bulkhead
	$(Q)cp -f $< $@.new && mv -f $@.new $@

.PHONY: tool
tool: bulkhead
all: tool

-include $(TOOL_OBJ:.o=.d)

# The tests link all of the tool but its main().
TOOL_TEST_SRC := $(wildcard tests/unit/tool/test_*.c)
TOOL_TEST     := $(TOOL_TEST_SRC:tests/unit/tool/%.c=$(OUT)/tool/asan/%)
TOOL_SCRIPTS  := $(wildcard tests/unit/tool/test_*.py)
TOOL_LIB_SRC  := $(filter-out tool/main.c,$(TOOL_SRC)) \
		 tests/unit/tool/tool_test.c tests/unit/tool/store_load.c \
		 tests/unit/tool/tool_world.c
TOOL_ASAN     := -fsanitize=address,undefined -fno-sanitize-recover=all \
		 -O1 -fno-omit-frame-pointer
TOOL_EXAMPLES := $(CACHE)/xen-examples

$(OUT)/tool/asan/%.c.o: %.c
	$(call say,CC asan,$<)
	@mkdir -p $(@D)
	$(Q)$(HOSTCC) $(TOOL_CF) $(TOOL_ASAN) -Itests/unit/tool $(HOSTCFLAGS) \
		$(DEPGEN) -c -o $@ $<

$(OUT)/tool/asan/libtool.a: $(TOOL_LIB_SRC:%=$(OUT)/tool/asan/%.o)
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcsD $@ $^

$(TOOL_TEST): $(OUT)/tool/asan/%: $(OUT)/tool/asan/tests/unit/tool/%.c.o \
		$(OUT)/tool/asan/libtool.a
	$(call say,LD asan,$@)
	$(Q)$(HOSTCC) $(TOOL_ASAN) -o $@ $^ $(TOOL_LIBS) -lcmocka \
		$(TOOL_TEST_LIBS_$(@F))

# libxlutil is Xen's own parser, the oracle of ours.
TOOL_TEST_LIBS_test_oracle := -lxlutil -lxenlight
TOOL_TEST_LIBS_test_device := -lxlutil -lxenlight

# The store's own code judges what is written for it.
$(OUT)/tool/asan/test_store_image: $(patsubst %,$(OUT)/store/asan/%.o, \
	$(filter-out vms/store/main.c,$(wildcard vms/store/*.c)))

# The fuzzers: the same sources by clang, seeds in tests/fuzz/seeds.
TOOL_FUZZ_SRC := $(wildcard tests/fuzz/tool/fuzz_*.c)
TOOL_FUZZ     := $(TOOL_FUZZ_SRC:tests/fuzz/tool/%.c=$(OUT)/tool/fuzz/%)
TOOL_FUZZ_LIB := $(filter-out tool/main.c,$(TOOL_SRC))
TOOL_FUZZ_CF  := -std=gnu17 -D_GNU_SOURCE -O1 -g $(TOOL_INC) -Wall -Wextra \
		 -Werror -fsanitize=fuzzer-no-link,address,undefined \
		 -fno-sanitize-recover=all

$(OUT)/tool/fuzz/%.c.o: %.c
	$(call say,CC fuzz,$<)
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(TOOL_FUZZ_CF) $(DEPGEN) -c -o $@ $<

$(OUT)/tool/fuzz/libtool.a: $(TOOL_FUZZ_LIB:%=$(OUT)/tool/fuzz/%.o)
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcsD $@ $^

$(TOOL_FUZZ): $(OUT)/tool/fuzz/%: $(OUT)/tool/fuzz/tests/fuzz/tool/%.c.o \
		$(OUT)/tool/fuzz/libtool.a
	$(call say,LD fuzz,$@)
	$(Q)$(CLANG) -fsanitize=fuzzer,address,undefined -o $@ $^ $(TOOL_LIBS)

# A sum of both halves ends the output, as tests/check wants it.
.PHONY: check-tool tool-tests tool-fuzz
tool-fuzz: $(TOOL_FUZZ)
tool-tests: $(TOOL_TEST) bulkhead
check-tool: tool-tests $(TOOL_FUZZ)
	$(Q)tests/unit/tool/fetch_examples $(TOOL_EXAMPLES)
	$(Q)( XL_EXAMPLES=$(TOOL_EXAMPLES) OUT=$(OUT) \
		tests/run --seconds 120 $(TOOL_TEST) $(TOOL_SCRIPTS); \
	  OUT=$(OUT) tests/fuzz/run --total 40 --each 20 $(TOOL_FUZZ) ) \
		>$(OUT)/tool/check.log 2>&1; cat $(OUT)/tool/check.log; \
	awk '/^[0-9]+ passed, [0-9]+ failed$$/ { p += $$1; f += $$3; n++ } \
		END { if (n != 2) f++; \
		      printf "%d passed, %d failed\n", p, f; exit f > 0 }' \
		$(OUT)/tool/check.log

-include $(TOOL_LIB_SRC:%.c=$(OUT)/tool/asan/%.c.d)
-include $(TOOL_TEST_SRC:%.c=$(OUT)/tool/asan/%.c.d)
-include $(patsubst %,$(OUT)/tool/fuzz/%.d,$(TOOL_FUZZ_LIB) $(TOOL_FUZZ_SRC))
.SECONDARY: $(TOOL_LIB_SRC:%=$(OUT)/tool/asan/%.o) \
	    $(TOOL_TEST_SRC:%=$(OUT)/tool/asan/%.o) \
	    $(patsubst %,$(OUT)/tool/fuzz/%.o,$(TOOL_FUZZ_LIB) \
	    $(TOOL_FUZZ_SRC))
