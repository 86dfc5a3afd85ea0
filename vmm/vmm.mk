# SPDX-License-Identifier: MIT
#
# The VMM: one static, position-independent image linked at a high address
# that no guest uses. arch/mock belongs to the tests only.

VMM_ELF  := $(OUT)/vmm/bulkhead.elf
VMM_LDS  := vmm/arch/x86/vmm.lds

VMM_SRC  := $(filter-out vmm/arch/mock/%, \
	    $(wildcard vmm/*.c vmm/*/*.c vmm/arch/x86/*.c \
		       vmm/arch/x86/*.S vmm/arch/x86/*/*.c \
		       vmm/arch/x86/*/*.S))
VMM_OBJ  := $(VMM_SRC:%=$(OUT)/%.o)

# No header of the host's C library is in reach: only the compiler's own.
VMM_INC  := -nostdinc -isystem $(shell $(CC) -print-file-name=include) \
	    -Ivmm -Iinclude
VMM_CF   := -std=gnu17 -O2 -g -ffreestanding -fpie -fno-plt \
	    -fvisibility=hidden -mno-red-zone -mgeneral-regs-only \
	    -fno-strict-aliasing -fno-stack-protector \
	    -fcf-protection=none -fno-asynchronous-unwind-tables \
	    -fno-omit-frame-pointer -fno-common \
	    -fno-delete-null-pointer-checks \
	    $(WARN) $(REPRO) $(VMM_INC)
# One optimisation over all files: the way from exit to entry crosses most
# rooms, and calls between them would be a third of it. One partition and a
# fixed order keep the result the same in every folder.
VMM_LTO  := -flto=1 -flto-partition=one
VMM_LDF  := -nostdlib -static -Wl,-z,noexecstack \
	    -Wl,-z,max-page-size=4096 -Wl,--build-id=none

# What defines memcpy must not be compiled into a call of memcpy.
$(OUT)/vmm/lib/cstd.c.o: VMM_CF += -fno-tree-loop-distribute-patterns

# The compiler makes calls of these by itself, after the others were joined.
$(OUT)/vmm/lib/cstd.c.o: VMM_LTO :=

$(OUT)/vmm/%.c.o: vmm/%.c vmm/vmm.mk
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(VMM_CF) $(VMM_LTO) $(DEPGEN) -c -o $@ $<

$(OUT)/vmm/%.S.o: vmm/%.S
	$(call say,AS,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(VMM_CF) -D__ASSEMBLY__ $(DEPGEN) -c -o $@ $<

$(VMM_ELF): $(VMM_OBJ) $(VMM_LDS)
	$(call say,LD,$@)
	$(Q)$(CC) $(VMM_CF) $(VMM_LTO) $(VMM_LDF) -Wl,-T,$(VMM_LDS) \
		-o $@.new $(VMM_OBJ) && mv -f $@.new $@

.PHONY: vmm
vmm: $(VMM_ELF)
all: vmm

-include $(VMM_OBJ:.o=.d)
