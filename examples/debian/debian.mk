# SPDX-License-Identifier: MIT
#
# `make debian`: two full Debian systems, one of which serves the other
# ($(DEBIAN)/README.md). What comes from Debian's archive is kept in $(CACHE).

DEBIAN      := examples/debian
DEBIAN_ROOT := $(CACHE)/debian.tar
DEBIAN_OUT  := $(OUT)/debian

# With the modules of the kernel in $(CACHE).
$(DEBIAN_ROOT): $(DEBIAN)/build $(wildcard $(CACHE)/kernels.sha256)
	$(Q)CACHE='$(CACHE)' $(DEBIAN)/build root $@

$(DEBIAN_OUT)/disk.img: $(DEBIAN_ROOT) $(shell find $(DEBIAN)/files -type f)
	$(call say,DISK,$@)
	$(Q)CACHE='$(CACHE)' $(DEBIAN)/build disk $@

$(DEBIAN_OUT)/initrd.cpio.gz: $(DEBIAN)/initrd.list $(DEBIAN)/initrd \
	images/mkcpio
	$(call say,CPIO,$@)
	@mkdir -p $(@D)
	$(Q)images/mkcpio $@ $< init=$(DEBIAN)/initrd busybox=$(BUSYBOX) \
		modules=$(CACHE)/modules-cloud-amd64

.PHONY: debian debian-images
debian-images: $(DEBIAN_OUT)/disk.img $(DEBIAN_OUT)/initrd.cpio.gz
debian: deps-demo
	$(Q)$(MAKE) $(if $(V),,-s) --no-print-directory -j$$(nproc) \
		all debian-images
	$(Q)./bulkhead run $(DEBIAN)
