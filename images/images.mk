# SPDX-License-Identifier: MIT
#
# The initramfs images: Debian's busybox and our init (demo), the same with
# the system tests' programs (test), one static program (bench). They are
# bit-identical wherever they are built.

BUSYBOX   := /bin/busybox
IMAGE     := $(OUT)/images
IMAGES    := $(IMAGE)/demo.cpio.gz $(IMAGE)/test.cpio.gz \
	     $(IMAGE)/bench.cpio.gz
IMAGE_CF  := -std=gnu17 -O2 $(WARN) -Wno-error=missing-prototypes \
	     $(REPRO) -static -s -Wl,--build-id=none

$(IMAGE)/latency: images/latency.c
$(IMAGE)/bench: bench/guest.c bench/mark.h
$(IMAGE)/latency $(IMAGE)/bench:
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(IMAGE_CF) -o $@ $<

$(IMAGE)/demo.cpio.gz: images/demo.list
$(IMAGE)/test.cpio.gz: images/demo.list images/test.list $(IMAGE)/latency
$(IMAGE)/bench.cpio.gz: images/bench.list $(IMAGE)/bench
$(IMAGES): images/mkcpio images/init
	$(call say,CPIO,$@)
	@mkdir -p $(@D)
	$(Q)images/mkcpio $@ $(filter %.list,$^) busybox=$(BUSYBOX) \
		init=images/init latency=$(IMAGE)/latency bench=$(IMAGE)/bench

.PHONY: images
images: $(IMAGES)
