# SPDX-License-Identifier: MIT
#
# The initramfs images: Debian's busybox, our init, and what serves and uses
# devices (demo), with bench/io.c beside that (bench-io); the same without
# devices, with the system tests' programs (test); a busy client of devices
# (client); drivers of real devices (hardware); Debian's xenstore tools (tools);
# one static program (bench). They are bit-identical wherever they are built.

BUSYBOX   := /bin/busybox
IMAGE     := $(OUT)/images
IMAGES    := $(IMAGE)/demo.cpio.gz $(IMAGE)/test.cpio.gz \
	     $(IMAGE)/bench.cpio.gz $(IMAGE)/tools.cpio.gz \
	     $(IMAGE)/bench-io.cpio.gz $(IMAGE)/hardware.cpio.gz \
	     $(IMAGE)/client.cpio.gz
IMAGE_BIN := $(addprefix $(IMAGE)/,latency pace verify xenbus)
IMAGE_CF  := -std=gnu17 -O2 $(WARN) -Wno-error=missing-prototypes \
	     $(REPRO) -static -s -Wl,--build-id=none

$(IMAGE)/bench: bench/guest.c bench/mark.h
$(IMAGE)/io: bench/io.c bench/mark.h
$(IMAGE)/xenbus: IMAGE_CF += -Iinclude
$(IMAGE_BIN): $(IMAGE)/%: images/%.c
$(IMAGE_BIN) $(IMAGE)/bench $(IMAGE)/io:
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(IMAGE_CF) -o $@ $<

$(IMAGE)/demo.cpio.gz: images/small.list images/drivers.list \
	images/driver images/web \
	$(addprefix $(IMAGE)/,pace verify xenbus)
$(IMAGE)/test.cpio.gz: images/small.list images/test.list $(IMAGE)/latency
$(IMAGE)/hardware.cpio.gz: images/small.list images/hardware.list \
	images/hardware
$(IMAGE)/client.cpio.gz: images/small.list images/client.list images/busy \
	images/driver $(IMAGE)/xenbus
$(IMAGE)/tools.cpio.gz: images/small.list images/tools.list $(IMAGE)/xenbus
$(IMAGE)/bench.cpio.gz: images/bench.list $(IMAGE)/bench
$(IMAGE)/bench-io.cpio.gz: images/small.list images/drivers.list \
	images/bench-io.list images/driver images/hardware images/web \
	$(addprefix $(IMAGE)/,io pace verify xenbus)
$(IMAGES): images/mkcpio images/init
	$(call say,CPIO,$@)
	@mkdir -p $(@D)
	$(Q)images/mkcpio $@ $(filter %.list,$^) busybox=$(BUSYBOX) \
		bench=$(IMAGE)/bench io=$(IMAGE)/io \
		xenstore-utils=$(CACHE)/xenstore-utils \
		$(foreach f,init busy driver hardware web,$f=images/$f) \
		$(foreach f,$(IMAGE_BIN),$(notdir $f)=$f) \
		$(foreach f,amd64 cloud-amd64,modules-$f=$(CACHE)/modules-$f)

.PHONY: images
images: $(IMAGES)
