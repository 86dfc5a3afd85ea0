# SPDX-License-Identifier: MIT
#
# `make demo`: four Debian VMs with both kernels; blk0 and net0 serve the disks
# and networks of web1 and web2. At a terminal the consoles are yours; else it
# ends by itself when web2 has web1's page and all shells were there.

.PHONY: demo
demo: deps
	$(Q)$(MAKE) --no-print-directory -j$$(nproc) all images
	$(Q)CACHE='$(CACHE)' demo/kernels
	$(Q)demo/run
