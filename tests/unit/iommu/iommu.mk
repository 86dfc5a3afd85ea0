# SPDX-License-Identifier: MIT
#
# Tests of the IOMMUs' drivers. Registers are memory here, and hardware.c does
# what a unit does with the ring in memory, when it is waited for.

IOMMU_SRC  := $(wildcard vmm/iommu/*.c) vmm/arch/x86/npte.c
IOMMU_TEST := $(wildcard tests/unit/iommu/test_*.c)
IOMMU_BIN  := $(IOMMU_TEST:%.c=$(OUT)/asan/%)
IOMMU_OBJ  := $(patsubst %,$(OUT)/asan/%.o,$(IOMMU_SRC) \
	      tests/unit/iommu/hardware.c)

$(IOMMU_BIN): $(OUT)/asan/%: $(OUT)/asan/%.c.o $(IOMMU_OBJ)
	$(call say,LD asan,$@)
	$(Q)$(CC) $(ASAN_CF) -o $@ $^ -lcmocka

UNIT_BIN  += $(IOMMU_BIN)
unit: $(IOMMU_BIN)

-include $(IOMMU_OBJ:.o=.d) $(IOMMU_BIN:%=%.c.d)
.SECONDARY: $(IOMMU_OBJ) $(IOMMU_BIN:%=%.c.o)
