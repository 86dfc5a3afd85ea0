/* SPDX-License-Identifier: MIT */
#include "acpi.h"
#include "boot.h"
#include "string.h"

const struct acpi_rsdp *acpi_rsdp(void)
{
	const struct acpi_rsdp *r = (const void *)boot.info.rsdp_paddr;

	if (!r || memcmp(r->signature, "RSD PTR ", 8))
		return NULL;
	return r;
}

bool acpi_checksum(const void *at, size_t length)
{
	const uint8_t *b = at;
	uint8_t sum = 0;

	for (size_t i = 0; i < length; i++)
		sum = (uint8_t)(sum + b[i]);
	return sum == 0;
}

const struct acpi_head *acpi_table(unsigned int i)
{
	const struct acpi_rsdp *r = acpi_rsdp();
	bool wide = r && r->revision >= 2 && r->xsdt;
	const struct acpi_head *root;
	uint64_t at;

	if (!r)
		return NULL;
	root = (const void *)(wide ? r->xsdt : (uint64_t)r->rsdt);
	if (i >= (root->length - sizeof(*root)) / (wide ? 8 : 4))
		return NULL;
	at = 0;
	memcpy(&at, (const uint8_t *)(root + 1) + i * (wide ? 8 : 4),
	       wide ? 8 : 4);
	return (const void *)at;
}

const void *acpi_find(const char *signature)
{
	const struct acpi_head *t;

	for (unsigned int i = 0; (t = acpi_table(i)); i++)
		if (!memcmp(t->signature, signature, 4))
			return t;
	return NULL;
}
