# SPDX-License-Identifier: MIT
#
# The core as a user-space library, and the programs that test it there.
#   libcore    vmm/{lib,core,abi,vdev,launch}, route.c and arch/mock, built
#              from the very sources of the VMM; -asan by gcc for unit tests
#              and the explorer, -fuzz by clang for the fuzzers.
#   unit       tests/unit/test_*.c      one cmocka program each
#   explore    tests/explore/*.c        each file with a main() is one
#   fuzz       tests/fuzz/fuzz_*.c      one libFuzzer harness each
# Other .c files in these folders are helpers, linked into every program of
# the folder. A harness that needs more than the core says so elsewhere:
#   FUZZ_ADD_fuzz_x := tool/x.c       FUZZ_LIBS_fuzz_x := -lfdt
# vmm/lib/cstd.c holds the functions that the compiler calls by itself (memcpy
# and its like); here they come from the C library.

CORE_SRC  := $(filter-out vmm/lib/cstd.c,$(wildcard vmm/lib/*.c \
	     vmm/core/*.c vmm/abi/*.c vmm/vdev/*.c vmm/launch/*.c \
	     vmm/arch/mock/*.c vmm/arch/x86/npte.c vmm/route.c))

USER_INC  := -Ivmm -Iinclude -Itests/unit
USER_CF   := -std=gnu17 -O1 -g -fno-omit-frame-pointer -fno-strict-aliasing \
	     $(USER_INC) $(REPRO)
ASAN_CF   := $(USER_CF) $(WARN) -fsanitize=address,undefined \
	     -fno-sanitize-recover=all
FUZZ_CF   := $(USER_CF) -Wall -Wextra -Werror -Wno-unknown-warning-option \
	     -fsanitize=fuzzer-no-link,address,undefined \
	     -fno-sanitize-recover=all

LIB_ASAN  := $(OUT)/asan/libcore.a
LIB_FUZZ  := $(OUT)/fuzz/libcore.a

UNIT_SRC  := $(wildcard tests/unit/*.c)
UNIT_TEST := $(filter tests/unit/test_%,$(UNIT_SRC))
UNIT_HELP := $(filter-out $(UNIT_TEST),$(UNIT_SRC))
UNIT_BIN  := $(UNIT_TEST:%.c=$(OUT)/asan/%)

EXPL_SRC  := $(wildcard tests/explore/*.c)
EXPL_TEST := $(if $(EXPL_SRC),$(shell grep -lw '^int main' $(EXPL_SRC)))
EXPL_HELP := $(filter-out $(EXPL_TEST),$(EXPL_SRC))
EXPL_BIN  := $(EXPL_TEST:%.c=$(OUT)/asan/%)

FUZZ_SRC  := $(wildcard tests/fuzz/*.c)
FUZZ_TEST := $(filter tests/fuzz/fuzz_%,$(FUZZ_SRC))
FUZZ_HELP := $(filter-out $(FUZZ_TEST),$(FUZZ_SRC))
PC        := %
FUZZ_ADD_fuzz_launch     := tests/unit/launch_fixture.c tests/unit/tree.c \
			    tests/unit/kernel.c
FUZZ_LIBS_fuzz_launch    := -lfdt
FUZZ_ADD_fuzz_hypercall  := tests/unit/world_fixture.c \
			    tests/unit/world_invariant.c
FUZZ_LIBS_fuzz_hypercall := -lcmocka
FUZZ_ADD_fuzz_console    := tests/unit/world_fixture.c \
			    tests/unit/world_invariant.c
FUZZ_LIBS_fuzz_console   := -lcmocka
FUZZ_BIN  := $(FUZZ_TEST:%.c=$(OUT)/fuzz/%)

$(OUT)/asan/%.c.o: %.c
	$(call say,CC asan,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(ASAN_CF) $(DEPGEN) -c -o $@ $<

$(OUT)/fuzz/%.c.o: %.c
	$(call say,CC fuzz,$<)
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(FUZZ_CF) $(DEPGEN) -c -o $@ $<

# An explorer visits millions of states: optimised more, checked as much.
$(OUT)/asan/tests/explore/%.c.o: ASAN_CF += -O2

$(LIB_ASAN): $(CORE_SRC:%=$(OUT)/asan/%.o)
$(LIB_FUZZ): $(CORE_SRC:%=$(OUT)/fuzz/%.o)
$(LIB_ASAN) $(LIB_FUZZ):
	$(call say,AR,$@)
	@mkdir -p $(@D)
	$(Q)rm -f $@ && $(AR) rcsD $@ $^

# The whole library goes in, so that link errors show at once; what a
# program adds on top is its own file and its folder's helpers.
$(UNIT_BIN): $(OUT)/asan/%: $(OUT)/asan/%.c.o \
		$(UNIT_HELP:%=$(OUT)/asan/%.o) $(LIB_ASAN)
	$(call say,LD asan,$@)
	$(Q)$(CC) $(ASAN_CF) -o $@ $^ -lcmocka -lfdt

$(EXPL_BIN): $(OUT)/asan/%: $(OUT)/asan/%.c.o \
		$(EXPL_HELP:%=$(OUT)/asan/%.o) \
		$(OUT)/asan/tests/unit/world_fixture.c.o \
		$(OUT)/asan/tests/unit/world_invariant.c.o $(LIB_ASAN)
	$(call say,LD asan,$@)
	$(Q)$(CC) $(ASAN_CF) -o $@ $^ -lcmocka

.SECONDEXPANSION:
$(FUZZ_BIN): $(OUT)/fuzz/%: $(OUT)/fuzz/%.c.o \
		$(FUZZ_HELP:%=$(OUT)/fuzz/%.o) \
		$$(patsubst $$(PC),$(OUT)/fuzz/$$(PC).o,$$(FUZZ_ADD_$$(*F))) \
		$(LIB_FUZZ)
	$(call say,LD fuzz,$@)
	$(Q)$(CLANG) $(FUZZ_CF) -Qunused-arguments -fsanitize=fuzzer \
		-o $@ $^ $(FUZZ_LIBS_$(*F))

-include tests/unit/x86/x86.mk
-include tests/unit/iommu/iommu.mk
-include tests/unit/tsan.mk

.PHONY: unit explore fuzz
unit: $(UNIT_BIN)
explore: $(EXPL_BIN)
fuzz: $(FUZZ_BIN)

-include $(patsubst %,$(OUT)/asan/%.d,$(CORE_SRC) $(UNIT_SRC) $(EXPL_SRC))
-include $(patsubst %,$(OUT)/fuzz/%.d,$(CORE_SRC) $(FUZZ_SRC) \
	   $(foreach f,$(FUZZ_TEST),$(FUZZ_ADD_$(basename $(notdir $f)))))
.SECONDARY: $(patsubst %,$(OUT)/asan/%.o,$(CORE_SRC) $(UNIT_SRC) $(EXPL_SRC))
.SECONDARY: $(patsubst %,$(OUT)/fuzz/%.o,$(CORE_SRC) $(FUZZ_SRC))
