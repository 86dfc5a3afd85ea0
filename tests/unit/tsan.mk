# SPDX-License-Identifier: MIT
#
# The threaded test once more, under ThreadSanitizer. (It does not know
# fences alone; ours are beside atomic operations that it does know.)

TSAN_SRC  := $(CORE_SRC) tests/unit/test_concurrency.c \
	     tests/unit/world_fixture.c tests/unit/world_invariant.c
TSAN_OBJ  := $(TSAN_SRC:%=$(OUT)/tsan/%.o)
TSAN_BIN  := $(OUT)/tsan/test_concurrency_tsan

$(OUT)/tsan/%.c.o: %.c
	$(call say,CC tsan,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(USER_CF) $(WARN) -Wno-tsan -fsanitize=thread $(DEPGEN) \
		-c -o $@ $<

$(TSAN_BIN): $(TSAN_OBJ)
	$(call say,LD tsan,$@)
	$(Q)$(CC) $(USER_CF) -fsanitize=thread -o $@ $^ -lcmocka

UNIT_BIN  += $(TSAN_BIN)
unit: $(TSAN_BIN)

-include $(TSAN_OBJ:.o=.d)
.SECONDARY: $(TSAN_OBJ)
