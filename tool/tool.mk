# SPDX-License-Identifier: MIT
#
# The host tool, its unit tests and its fuzzers.
#   bulkhead      the tool, at the root of the tree
#   check-tool    tests/unit/tool, sanitizers on, and a short run of each
#                 harness of tests/fuzz/tool

TOOL_SRC   := $(wildcard tool/*.c)
TOOL_LIBS  := -lfdt -lz -llzma -lbz2 -llz4 -lzstd
TOOL_INC   := -Itool -Iinclude
TOOL_CF    := -std=gnu17 -D_GNU_SOURCE -O2 -g $(TOOL_INC) $(WARN) $(REPRO)
TOOL_OBJ   := $(TOOL_SRC:%=$(OUT)/%.o)

$(OUT)/tool/%.c.o: tool/%.c
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(HOSTCC) $(TOOL_CF) $(HOSTCFLAGS) $(DEPGEN) -c -o $@ $<

$(OUT)/tool/bulkhead: $(TOOL_OBJ)
	$(call say,LD,$@)
	$(Q)$(HOSTCC) $(HOSTCFLAGS) -Wl,--build-id=none -o $@ $^ $(TOOL_LIBS)

# A copy, not a link: the tool finds its files from where its binary is.
bulkhead: $(OUT)/tool/bulkhead
	$(Q)cp -f $< $@.new && mv -f $@.new $@

.PHONY: tool
tool: bulkhead
all: tool

-include $(TOOL_OBJ:.o=.d)
