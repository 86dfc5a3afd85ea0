# SPDX-License-Identifier: MIT
#
# `make demo`: four Debian VMs with both kernels. net0 owns a NIC and blk0 an
# NVMe disk; web1 and web2 use them and serve HTTP on ports 8080 and 8081 of
# this host, and the live page is on 8082 (`make demo PORT=9080`: 9080 to 9082).
# At a terminal the consoles are yours; else it ends by itself when all has been
# shown.

DEMO_DISK := $(OUT)/demo/disk.img

$(DEMO_DISK): demo/disk
	$(call say,DISK,$@)
	@mkdir -p $(@D)
	$(Q)demo/disk $@

.PHONY: demo
demo: deps-demo
	$(Q)$(MAKE) $(if $(V),,-s) --no-print-directory -j$$(nproc) \
		all images $(DEMO_DISK)
	$(Q)CACHE='$(CACHE)' demo/kernels
	$(Q)OUT='$(OUT)' demo/run $(if $(PORT),--port $(PORT))
