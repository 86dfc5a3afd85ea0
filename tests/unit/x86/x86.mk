# SPDX-License-Identifier: MIT
#
# Tests of the parts of arch/x86 that execute no privileged instruction. They
# are linked with a fake back end (machine.c) in place of SVM and the core.

X86_PURE  := $(addprefix vmm/arch/x86/,cpuid.c cr.c decode.c event.c \
	     guest_walk.c msr.c npt.c npte.c vcpu.c) vmm/lib/format.c
X86_TEST  := $(wildcard tests/unit/x86/test_*.c)
X86_HELP  := $(filter-out $(X86_TEST),$(wildcard tests/unit/x86/*.c))
X86_BIN   := $(X86_TEST:%.c=$(OUT)/asan/%)
X86_OBJ   := $(patsubst %,$(OUT)/asan/%.o,$(X86_PURE) $(X86_HELP))

$(X86_BIN): $(OUT)/asan/%: $(OUT)/asan/%.c.o $(X86_OBJ)
	$(call say,LD asan,$@)
	$(Q)$(CC) $(ASAN_CF) -o $@ $^ -lcmocka

UNIT_BIN  += $(X86_BIN)
unit: $(X86_BIN)

-include $(X86_OBJ:.o=.d) $(X86_BIN:%=%.c.d)
.SECONDARY: $(X86_OBJ) $(X86_BIN:%=%.c.o)

# The decoder has a fuzzer of its own.
FUZZ_ADD_fuzz_decode := vmm/arch/x86/decode.c
