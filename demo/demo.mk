# SPDX-License-Identifier: MIT
#
# `make demo`: four Debian VMs, two kernels, one machine. At a terminal the
# consoles are yours; otherwise it ends by itself when all shells were there.

.PHONY: demo
demo: deps
	$(Q)$(MAKE) --no-print-directory -j$$(nproc) all images
	$(Q)CACHE='$(CACHE)' demo/kernels
	$(Q)demo/run

# Disks and networks between VMs, with stock drivers on both sides.
.PHONY: demo-split
demo-split: deps
	$(Q)$(MAKE) --no-print-directory -j$$(nproc) all images
	$(Q)./bulkhead run demo/split
