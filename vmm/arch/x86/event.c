/* SPDX-License-Identifier: MIT */
/*
 * Exceptions: which push an error code, and what two of them make (APM
 * volume 2, "Exceptions and Interrupts"). Pure.
 */
#include "arch/x86/virt.h"
#include "arch/x86/desc.h"

/* Bits by vector: #DE, #TS, #NP, #SS, #GP */
#define CONTRIBUTORY	(BIT32(0) | BIT32(10) | 7u << 11)

uint64_t event_exception(uint8_t vector, uint32_t error)
{
	uint64_t event = event_make(EVENT_EXCEPTION, vector);

	if (vector < 32 && (PUSH_ERROR & BIT32(vector)))
		event |= EVENT_HAS_ERROR | (uint64_t)error << 32;
	return event;
}

static bool is_contributory(uint8_t vector)
{
	return vector < 32 && (CONTRIBUTORY & BIT32(vector));
}

uint64_t event_combine(uint64_t first, uint64_t fault)
{
	uint8_t a = EVENT_VECTOR(first);
	uint8_t b = EVENT_VECTOR(fault);
	bool severe = is_contributory(b) || b == VECTOR_PF;

	if (!(first & EVENT_VALID) || EVENT_TYPE(first) != EVENT_EXCEPTION)
		return fault;
	if (a == VECTOR_DF && severe)
		return 0;
	if ((is_contributory(a) && is_contributory(b)) ||
	    (a == VECTOR_PF && severe))
		return event_exception(VECTOR_DF, 0);
	return fault;
}
