# SPDX-License-Identifier: MIT
#
# `make bench`: what Bulkhead costs, in instructions and in virtual time. See
# the opening comments of bench/run, count.c, vm.c and guest.c.

BENCH_OUT := $(OUT)/bench
BENCH_SO  := $(BENCH_OUT)/count.so
BENCH_VM  := $(BENCH_OUT)/vm.elf
BENCH_MSI := $(BENCH_OUT)/msi.elf

$(BENCH_SO): bench/count.c
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) -std=gnu17 -O2 $(WARN) $(REPRO) -fPIC -shared -o $@ $<

$(BENCH_VM): bench/vm.c bench/mark.h $(KIT_LIB) $(KIT_LD)
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(KIT_CFLAGS) -c -o $(@:.elf=.o) $<
	$(Q)$(KIT_LINK) $(@:.elf=.o) $(KIT_LIB)

# It uses what the guest tests know of the device.
$(BENCH_MSI): GUEST_CFLAGS = $(KIT_CFLAGS) -I $(GUEST_DIR)/common \
	-DTEST_NAME='"bench"'
$(BENCH_MSI): bench/msi.c bench/mark.h $(GUEST_COMMON) $(KIT_LIB) $(KIT_LD)
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(GUEST_CFLAGS) -c -o $(@:.elf=.o) $<
	$(Q)$(CC) $(subst -MMD -MP,,$(GUEST_CFLAGS)) -c \
		-o $(@:.elf=.test.o) $(GUEST_COMMON)
	$(Q)$(KIT_LINK) $(@:.elf=.o) $(@:.elf=.test.o) $(KIT_LIB)

.PHONY: bench
bench: deps-demo
	$(Q)$(MAKE) --no-print-directory all images $(STORE_ELF) \
		$(BENCH_SO) $(BENCH_VM) $(BENCH_MSI)
	$(Q)OUT='$(OUT)' CACHE='$(CACHE)' bench/run

-include $(BENCH_VM:.elf=.d) $(BENCH_MSI:.elf=.d)
