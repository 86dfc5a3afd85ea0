# SPDX-License-Identifier: MIT
# Guest tests: every tests/guest/NAME/*.c is a guest of its own, built into
# $(OUT)/guest/NAME/*.elf; tests/guest/NAME/test.cfg says which VMs run it.
GUEST_DIR := tests/guest
GUEST_OUT := $(OUT)/guest
GUEST_COMMON := $(GUEST_DIR)/common/test.c
GUEST_MAINS := $(filter-out $(GUEST_COMMON),$(wildcard $(GUEST_DIR)/*/*.c))
GUEST_ELFS := $(patsubst $(GUEST_DIR)/%.c,$(GUEST_OUT)/%.elf,$(GUEST_MAINS))
GUEST_CFLAGS = $(KIT_CFLAGS) -I $(GUEST_DIR)/common \
	-DTEST_NAME='"$(notdir $(patsubst %/,%,$(dir $<)))"'

.PHONY: guests check-guest
guests: $(GUEST_ELFS)

# test.c is compiled with each test: it holds the test's name.
$(GUEST_OUT)/%.elf: $(GUEST_DIR)/%.c $(GUEST_COMMON) $(KIT_LIB) $(KIT_LD)
	@mkdir -p $(@D)
	$(CC) $(GUEST_CFLAGS) -MT $@ -c -o $(@:.elf=.o) $<
	$(CC) $(subst -MMD -MP,,$(GUEST_CFLAGS)) -c -o $(@:.elf=.test.o) \
		$(GUEST_COMMON)
	$(KIT_LINK) $(@:.elf=.o) $(@:.elf=.test.o) $(KIT_LIB)

# T="name name" runs only these.
check-guest: $(GUEST_ELFS) $(OUT)/vmm/bulkhead.elf
	python3 $(GUEST_DIR)/run --out $(OUT) $(T)

-include $(GUEST_ELFS:.elf=.d)
