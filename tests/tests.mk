# SPDX-License-Identifier: MIT
#
# `make check` and its kinds. Each kind is a target check-KIND that ends with
# a line `N passed, N failed`; tests/check runs them all, keeps their output
# in $(OUT)/check/KIND.log and ends with the sum.

CHECK_KINDS := style unit explore fuzz tool store guest system
SYSTEM_GUESTS := $(addprefix $(OUT)/system/,evil_blk.elf evil_net.elf \
		 reconnect.elf)
CHECK_NEEDS := deps all unit explore fuzz store-tests store-fuzz \
	       guests images $(DEMO_DISK) debian-images \
	       $(BENCH_SO) $(BENCH_VM) $(BENCH_MSI) $(SYSTEM_GUESTS)

.PHONY: check check-style check-unit check-explore check-fuzz fuzz-long \
	check-system

# Built first, with as many jobs as there are processors, then run. What does
# not build fails again, and counts, in the kind that needs it.
check: deps
	-$(Q)$(MAKE) --no-print-directory -k -j$$(nproc) $(CHECK_NEEDS)
	$(Q)MAKE='$(MAKE)' OUT='$(OUT)' tests/check $(CHECK_KINDS)

check-style:
	$(Q)CC='$(CC)' CLANG='$(CLANG)' OUT='$(OUT)' tests/style/check

check-unit: $(UNIT_BIN)
	$(Q)tests/run --seconds 120 $(UNIT_BIN)

check-explore: $(EXPL_BIN)
	$(Q)tests/run --seconds 300 $(EXPL_BIN)

check-fuzz: $(FUZZ_BIN)
	$(Q)OUT='$(OUT)' tests/fuzz/run --total 150 --each 20 $(FUZZ_BIN)

# A soak: FUZZ_SECONDS for each harness.
FUZZ_SECONDS := 3600
fuzz-long: $(FUZZ_BIN)
	$(Q)OUT='$(OUT)' tests/fuzz/run --each $(FUZZ_SECONDS) $(FUZZ_BIN)

# Where the Debian of its example cannot be made, that test alone fails.
check-system: all images guests $(DEMO_DISK) $(BENCH_SO) $(BENCH_VM) \
	      $(BENCH_MSI)
	-$(Q)$(MAKE) --no-print-directory debian-images
	$(Q)OUT='$(OUT)' CACHE='$(CACHE)' tests/system/run

# The small guests of system tests.
$(SYSTEM_GUESTS): $(OUT)/system/%.elf: tests/system/%.c $(GUEST_COMMON) \
	$(KIT_LIB) $(KIT_LD)
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(subst -MMD -MP,,$(GUEST_CFLAGS)) -c -o $(@:.elf=.o) $<
	$(Q)$(CC) $(subst -MMD -MP,,$(GUEST_CFLAGS)) -c \
		-o $(@:.elf=.test.o) $(GUEST_COMMON)
	$(Q)$(KIT_LINK) $(@:.elf=.o) $(@:.elf=.test.o) $(KIT_LIB)
check-system: $(SYSTEM_GUESTS)

# The same for long: 10,000 times, which may take hours.
.PHONY: soak-reconnect
soak-reconnect: all images $(SYSTEM_GUESTS)
	$(Q)OUT='$(OUT)' CACHE='$(CACHE)' RECONNECTS=10000 \
		tests/system/run reconnect

# The picture in README.md: the demo on its live page, in a browser.
.PHONY: picture
picture: deps
	$(Q)$(MAKE) --no-print-directory all images $(DEMO_DISK)
	$(Q)OUT='$(OUT)' CACHE='$(CACHE)' tests/system/picture docs/page.png

# Many clients of one VM with disks and one with a network, all busy at once:
# most of an hour on two cores, and 8 GiB of memory.
CLIENTS := 64
.PHONY: many-clients
many-clients: all images
	$(Q)OUT='$(OUT)' CACHE='$(CACHE)' CLIENTS='$(CLIENTS)' \
		tests/system/run many_clients
