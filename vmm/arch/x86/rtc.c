/* SPDX-License-Identifier: MIT */
/*
 * MC146818 real-time clock in CMOS, set to BCD and 24 hours, as firmware sets
 * it in every PC.
 */
#include "arch/x86/machine.h"
#include "lib/string.h"

enum {
	CMOS_INDEX = 0x70, CMOS_DATA = 0x71, RTC_STATUS_A = 0x0a,
	STATUS_A_UPDATE = 0x80 };
#define UPDATE_SPINS	20000u	/* longer than an update, 2 ms */
#define TRIES		4u

enum { SECOND, MINUTE, HOUR, DAY, MONTH, YEAR, FIELDS };
static const uint8_t rtc_register[FIELDS] = { 0, 2, 4, 7, 8, 9 };

static uint8_t cmos_get(uint8_t reg)
{
	insn_outb(CMOS_INDEX, reg);
	return insn_inb(CMOS_DATA);
}

static void get_fields(uint8_t *raw)
{
	unsigned int spins = UPDATE_SPINS;

	while (cmos_get(RTC_STATUS_A) & STATUS_A_UPDATE && --spins)
		__builtin_ia32_pause();
	for (unsigned int i = 0; i < FIELDS; i++)
		raw[i] = cmos_get(rtc_register[i]);
}

/* Days from 1970-01-01 to the given date, 2000 <= year < 2100. */
static uint32_t days(uint32_t year, uint32_t month, uint32_t day)
{
	/* Years from March on; months are 30.6 days each then. */
	uint32_t y = month > 2 ? year : year - 1;
	uint32_t m = month > 2 ? month - 3 : month + 9;

	return 11015 + (y - 2000) * 365 + (y - 1996) / 4 +
	       (m * 306 + 5) / 10 + day;
}

uint64_t rtc_read(void)
{
	uint8_t raw[FIELDS], again[FIELDS];
	uint32_t f[FIELDS];

	get_fields(raw);
	for (unsigned int i = 0; i < TRIES; i++) {
		get_fields(again);
		if (!memcmp(raw, again, sizeof(raw)))
			break;
		memcpy(raw, again, sizeof(raw));
	}
	for (unsigned int i = 0; i < FIELDS; i++)
		f[i] = (raw[i] >> 4) * 10u + (raw[i] & 15u);
	if (f[SECOND] > 59 || f[MINUTE] > 59 || f[HOUR] > 23 || !f[DAY] ||
	    f[DAY] > 31 || !f[MONTH] || f[MONTH] > 12 || f[YEAR] > 99)
		return 0;
	return ((days(2000 + f[YEAR], f[MONTH], f[DAY]) * UINT64_C(24) +
		 f[HOUR]) * 60 + f[MINUTE]) * 60 + f[SECOND];
}
