# SPDX-License-Identifier: MIT
#
# The store VM, and its tests on the host.
#   store         $(OUT)/store/store.elf, a PVH guest on the kit
#   check-store   tests/unit/store with sanitizers, and a short run of each
#                 harness of tests/fuzz/store
#   store-fuzz-long  FUZZ_SECONDS (3600) for each of these
# All of vms/store but main.c is built for the host, too.

STORE_OUT  := $(OUT)/store
STORE_ELF  := $(STORE_OUT)/store.elf
STORE_SRC  := $(wildcard vms/store/*.c)
STORE_OBJ  := $(STORE_SRC:%.c=$(STORE_OUT)/%.o)

$(STORE_OUT)/vms/store/%.o: vms/store/%.c
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(KIT_CFLAGS) $(WARN) -Ivms/store -c -o $@ $<

$(STORE_ELF): $(STORE_OBJ) $(KIT_LIB) $(KIT_LD)
	$(call say,LD,$@)
	$(Q)$(KIT_LINK) $(STORE_OBJ) $(KIT_LIB)

.PHONY: store
store: $(STORE_ELF)
all: store

STORE_HOST_SRC := $(filter-out vms/store/main.c,$(STORE_SRC)) \
		  $(filter-out tests/unit/store/test_%, \
		  $(wildcard tests/unit/store/*.c))
STORE_CF   := -std=gnu17 -D_GNU_SOURCE -g -Iinclude -Ivms/store \
	      -Itests/unit/store $(REPRO) -fno-omit-frame-pointer \
	      -fno-sanitize-recover=all
STORE_TEST_SRC := $(wildcard tests/unit/store/test_*.c)
STORE_TEST := $(STORE_TEST_SRC:tests/unit/store/%.c=$(STORE_OUT)/asan/%)
STORE_FUZZ_SRC := $(wildcard tests/fuzz/store/fuzz_*.c)
STORE_FUZZ := $(STORE_FUZZ_SRC:tests/fuzz/store/%.c=$(STORE_OUT)/fuzz/%)

$(STORE_OUT)/asan/%.c.o: %.c
	$(call say,CC asan,$<)
	@mkdir -p $(@D)
	$(Q)$(HOSTCC) $(STORE_CF) $(WARN) -O1 -fsanitize=address,undefined \
		$(DEPGEN) -c -o $@ $<

$(STORE_TEST): $(STORE_OUT)/asan/%: \
		$(STORE_OUT)/asan/tests/unit/store/%.c.o \
		$(STORE_HOST_SRC:%=$(STORE_OUT)/asan/%.o)
	$(call say,LD asan,$@)
	$(Q)$(HOSTCC) -fsanitize=address,undefined -o $@ $^ -lcmocka

$(STORE_OUT)/fuzz/%.c.o: %.c
	$(call say,CC fuzz,$<)
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(STORE_CF) -Wall -Wextra -Werror -O1 \
		-fsanitize=fuzzer-no-link,address,undefined \
		$(DEPGEN) -c -o $@ $<

$(STORE_FUZZ): $(STORE_OUT)/fuzz/%: \
		$(STORE_OUT)/fuzz/tests/fuzz/store/%.c.o \
		$(STORE_HOST_SRC:%=$(STORE_OUT)/fuzz/%.o)
	$(call say,LD fuzz,$@)
	$(Q)$(CLANG) -fsanitize=fuzzer,address,undefined -o $@ $^ -lcmocka

# A sum of both halves ends the output, as tests/check wants it.
.PHONY: check-store store-tests store-fuzz store-fuzz-long
store-tests: $(STORE_TEST)
store-fuzz: $(STORE_FUZZ)
store-fuzz-long: store-fuzz
	$(Q)OUT=$(OUT) tests/fuzz/run --each $(FUZZ_SECONDS) $(STORE_FUZZ)

check-store: store-tests store-fuzz
	$(Q)( tests/run --seconds 120 $(STORE_TEST); \
	  OUT=$(OUT) tests/fuzz/run --total 30 --each 20 $(STORE_FUZZ) ) \
		>$(STORE_OUT)/check.log 2>&1; cat $(STORE_OUT)/check.log; \
	awk '/^[0-9]+ passed, [0-9]+ failed$$/ { p += $$1; f += $$3; n++ } \
		END { if (n != 2) f++; \
		      printf "%d passed, %d failed\n", p, f; exit f > 0 }' \
		$(STORE_OUT)/check.log

-include $(STORE_OBJ:.o=.d)
-include $(STORE_HOST_SRC:%=$(STORE_OUT)/asan/%.d)
-include $(STORE_TEST_SRC:%=$(STORE_OUT)/asan/%.d)
-include $(patsubst %,$(STORE_OUT)/fuzz/%.d,$(STORE_HOST_SRC) \
	 $(STORE_FUZZ_SRC))
.SECONDARY: $(STORE_HOST_SRC:%=$(STORE_OUT)/asan/%.o) \
	    $(STORE_TEST_SRC:%=$(STORE_OUT)/asan/%.o) \
	    $(patsubst %,$(STORE_OUT)/fuzz/%.o,$(STORE_HOST_SRC) \
	    $(STORE_FUZZ_SRC))
