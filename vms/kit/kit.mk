# SPDX-License-Identifier: MIT
# The guest kit: a library for freestanding 64-bit PVH guests.
# A guest links its objects with $(KIT_LINK) OBJECTS $(KIT_LIB).
OUT ?= build

KIT_DIR := vms/kit
KIT_OUT := $(OUT)/kit
KIT_LIB := $(KIT_OUT)/libkit.a
KIT_LD := $(KIT_DIR)/kit.ld
KIT_SOURCES := $(wildcard $(KIT_DIR)/*.c $(KIT_DIR)/*.S)
KIT_OBJECTS := $(patsubst $(KIT_DIR)/%,$(KIT_OUT)/%.o,$(KIT_SOURCES))

KIT_CFLAGS := -std=gnu17 -O2 -g -ffreestanding -fno-stack-protector -fno-pic \
	-fno-pie -mno-red-zone -mgeneral-regs-only -mcmodel=small \
	-fno-asynchronous-unwind-tables -fcf-protection=none \
	-fno-tree-loop-distribute-patterns -ffile-prefix-map=$(CURDIR)=. \
	-Wall -Wextra -Wconversion -Wshadow -Wstrict-prototypes \
	-Wmissing-prototypes -Werror -Wno-error=cpp \
	-D__XEN_INTERFACE_VERSION__=0x00040e00 -I include -I $(KIT_DIR) \
	-MMD -MP
KIT_LINK = $(CC) -nostdlib -static -no-pie -Wl,--build-id=none \
	-Wl,-z,max-page-size=4096 -Wl,-z,noexecstack -Wl,-T,$(KIT_LD) -o $@

.PHONY: kit
kit: $(KIT_LIB)

$(KIT_OUT)/%.c.o: $(KIT_DIR)/%.c
	@mkdir -p $(@D)
	$(CC) $(KIT_CFLAGS) -c -o $@ $<

$(KIT_OUT)/%.S.o: $(KIT_DIR)/%.S
	@mkdir -p $(@D)
	$(CC) -c -o $@ $<

$(KIT_LIB): $(KIT_OBJECTS)
	@rm -f $@
	$(AR) rcsD $@ $^

-include $(KIT_OBJECTS:.o=.d)
