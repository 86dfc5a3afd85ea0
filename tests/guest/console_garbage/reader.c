/* SPDX-License-Identifier: MIT */
/* Echoes one line of input from the console ring through the ring. */
#include "test.h"

static bool memchr_nl(const char *text, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (text[i] == 10 || text[i] == 13)
			return true;
	return false;
}

int main(void)
{
	uint64_t end = clock_now() + 15 * SECOND;
	char line[64], text[80];
	size_t count = 0;
	int length;

	if (!console_ring_init())
		test_error("no console ring");
	event_attach(console_port, NULL);
	kprintf("ready\n");
	while (clock_now() < end && !memchr_nl(line, count) &&
	       count < sizeof(line) - 1) {
		count += console_ring_read(line + count,
					   sizeof(line) - 1 - count);
		clock_sleep(MILLISECOND);
	}
	line[count] = '\0';
	CHECK(!strncmp(line, "hello there", 11), "%s", line);
	length = ksnprintf(text, sizeof(text), "got %s\n", line);
	CHECK_EQ(console_ring_write(text, (size_t)length), length);
	CHECK(event_count(console_port) > 0, "input raises an event");
	clock_sleep(20 * MILLISECOND);
	test_end();
}
