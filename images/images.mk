# SPDX-License-Identifier: MIT
#
# The initramfs images: Debian's busybox and our init (demo), the same with
# the system tests' programs (test), with what serves and uses devices (split)
# and with bench/io.c beside that (bench-io); one static program (bench). They
# are bit-identical wherever they are built.

BUSYBOX   := /bin/busybox
IMAGE     := $(OUT)/images
IMAGES    := $(IMAGE)/demo.cpio.gz $(IMAGE)/test.cpio.gz \
	     $(IMAGE)/bench.cpio.gz $(IMAGE)/split.cpio.gz \
	     $(IMAGE)/bench-io.cpio.gz
IMAGE_CF  := -std=gnu17 -O2 $(WARN) -Wno-error=missing-prototypes \
	     $(REPRO) -static -s -Wl,--build-id=none

$(IMAGE)/latency: images/latency.c
$(IMAGE)/bench: bench/guest.c bench/mark.h
$(IMAGE)/io: bench/io.c bench/mark.h
$(IMAGE)/xenbus: images/xenbus.c
$(IMAGE)/xenbus: IMAGE_CF += -Iinclude
$(IMAGE)/latency $(IMAGE)/bench $(IMAGE)/io $(IMAGE)/xenbus:
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(IMAGE_CF) -o $@ $<

$(IMAGE)/demo.cpio.gz: images/demo.list
$(IMAGE)/test.cpio.gz: images/demo.list images/test.list $(IMAGE)/latency
$(IMAGE)/bench.cpio.gz: images/bench.list $(IMAGE)/bench
$(IMAGE)/split.cpio.gz: images/demo.list images/test.list images/split.list \
	images/driver $(IMAGE)/latency $(IMAGE)/xenbus
$(IMAGE)/bench-io.cpio.gz: images/demo.list images/test.list \
	images/split.list images/bench-io.list images/driver \
	$(IMAGE)/latency $(IMAGE)/xenbus $(IMAGE)/io
$(IMAGES): images/mkcpio images/init
	$(call say,CPIO,$@)
	@mkdir -p $(@D)
	$(Q)images/mkcpio $@ $(filter %.list,$^) busybox=$(BUSYBOX) \
		init=images/init latency=$(IMAGE)/latency \
		bench=$(IMAGE)/bench io=$(IMAGE)/io driver=images/driver \
		xenbus=$(IMAGE)/xenbus modules=$(CACHE)/modules-cloud-amd64

.PHONY: images
images: $(IMAGES)
