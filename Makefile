# SPDX-License-Identifier: MIT
#
# Bulkhead's one Makefile. It is not recursive: every folder that builds
# something has a fragment, included below, that adds its own targets.
#
#   make            build the VMM, the host tool and the guests
#   make demo       web servers in VMs, whose disk and NIC other VMs own
#   make debian     two full Debian systems, one of which serves the other
#   make check      all tests; the last line is `N passed, N failed`
#   make bench      the table of costs, and build/bench.json
#   make deps       fetch what is missing (demo, check and bench do so too)
#   make clean      remove build/
#
# Everything is built under $(OUT); what is downloaded is kept in $(CACHE).
# Builds are bit-identical in any folder: no absolute path, no date and no
# build id gets into an output.

OUT     := build
CACHE   := .cache

CC      := gcc
HOSTCC  := $(CC)
CLANG   := clang
LD      := ld
AR      := ar

# `make V=1` shows the commands.
Q       := $(if $(V),,@)
say      = $(if $(V),@:,@printf '  %-7s %s\n' '$(1)' '$(2)')

WARN    := -Wall -Wextra -Wconversion -Wshadow -Wstrict-prototypes \
	   -Wmissing-prototypes -Wundef -Wvla -Wswitch -Wpointer-arith \
	   -Wwrite-strings -Werror
REPRO   := -ffile-prefix-map=$(CURDIR)=. -fno-ident
DEPGEN  := -MMD -MP

export LC_ALL := C
export SOURCE_DATE_EPOCH := 1767225600

# The default goal; fragments add prerequisites to it.
.PHONY: all
all:

include mk/deps.mk
include vmm/vmm.mk
include tool/tool.mk
include vms/kit/kit.mk
include vms/store/store.mk
include tests/guest/guest.mk
include images/images.mk
include bench/bench.mk
include demo/demo.mk
include examples/debian/debian.mk
include tests/unit/unit.mk
include tests/tests.mk

.PHONY: clean
clean:
	rm -rf $(OUT) bulkhead

.DELETE_ON_ERROR:
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules
