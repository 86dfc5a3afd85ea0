/* SPDX-License-Identifier: MIT */
/*
 * Paths. A valid one begins with '/', has no empty component and no '/' at
 * its end (the root apart), has at most 64 names (so that no request makes
 * more nodes than that; Xen's store has no such limit), and is made of letters,
 * digits and -/_@ only.
 */
#include "path.h"
#include <string.h>

#define DOMAIN_PREFIX	"/local/domain/"
#define DOMAIN_LENGTH	(sizeof(DOMAIN_PREFIX) - 1)

static bool path_character(uint8_t c)
{
	/* One bit each; '-' '/' 0-9, '@' A-Z '_', a-z. */
	static const uint32_t valid[8] = {
		0, 0x03ffa000, 0x87ffffff, 0x07fffffe
	};

	return valid[c / 32] >> (c % 32) & 1;
}

/* Components and characters; not the length. */
static bool path_shape(const char *text, size_t length, unsigned int names)
{
	char before = '/';

	for (size_t i = 0; i < length; i++) {
		if (!path_character((uint8_t)text[i]))
			return false;
		if (text[i] == '/' && (before == '/' || !--names))
			return false;
		before = text[i];
	}
	return length && before != '/';
}

/* At most 2048 bytes behind /local/domain/N/, at most 3072 in all. */
static bool path_short(const char *text, size_t length)
{
	size_t at = DOMAIN_LENGTH;

	if (length > PATH_MAX_ABS)
		return false;
	if (length < at || memcmp(text, DOMAIN_PREFIX, at))
		return true;
	while (at < length && text[at] >= '0' && text[at] <= '9')
		at++;
	if (at == DOMAIN_LENGTH || at == length || text[at] != '/')
		return true;
	return length - at - 1 <= PATH_MAX_REL;
}

bool path_valid(const char *text, size_t length)
{
	if (length == 1 && text[0] == '/')
		return true;
	return length > 1 && length <= PATH_MAX_ABS && text[0] == '/' &&
	       path_shape(text + 1, length - 1, PATH_MAX_DEPTH) &&
	       path_short(text, length);
}

bool path_is_special(const char *text, size_t length)
{
	return (length == 16 && !memcmp(text, "@introduceDomain", 16)) ||
	       (length == 14 && !memcmp(text, "@releaseDomain", 14));
}

enum store_error path_take(struct store *s, uint32_t client,
			   const char *text, size_t length,
			   enum path_kind kind)
{
	const struct client *c = store_client(s, client);
	struct path *p = &s->path;
	uint32_t at = 0;

	p->special = 0;
	if (!length)
		return STORE_EINVAL;
	if (text[0] == '@') {
		if (kind != PATH_ANY || !path_is_special(text, length))
			return STORE_EINVAL;
		p->special = 1;
	} else if (text[0] == '/') {
		if (!path_valid(text, length))
			return STORE_EINVAL;
	} else {
		if (length > PATH_MAX_REL ||
		    !path_shape(text, length, PATH_MAX_DEPTH - 3))
			return STORE_EINVAL;
		memcpy(p->text, c->home_path, c->home_length);
		at = c->home_length;
		p->text[at++] = '/';
	}
	memcpy(p->text + at, text, length);
	p->length = at + (uint32_t)length;
	p->text[p->length] = '\0';
	return STORE_OK;
}

uint32_t path_component(const char *text, uint32_t length, uint32_t at)
{
	uint32_t end = at;

	while (end < length && text[end] != '/')
		end++;
	return end - at;
}

uint32_t path_home(struct store *s, const char *text, uint32_t length)
{
	uint32_t size;
	int64_t domid;

	if (length <= DOMAIN_LENGTH ||
	    memcmp(text, DOMAIN_PREFIX, DOMAIN_LENGTH))
		return 0;
	size = path_component(text, length, DOMAIN_LENGTH);
	if (size > 1 && text[DOMAIN_LENGTH] == '0')
		return 0;
	domid = path_number(text + DOMAIN_LENGTH, size, DOMID_LIMIT - 1);
	return domid < 0 ? 0 : store_client_of(s, (uint32_t)domid);
}

uint32_t path_decimal(char *to, uint64_t value)
{
	char digit[20];
	uint32_t count = 0;

	do {
		digit[count++] = (char)('0' + value % 10);
		value /= 10;
	} while (value);
	for (uint32_t i = 0; i < count; i++)
		to[i] = digit[count - 1 - i];
	return count;
}

int64_t path_number(const char *text, size_t length, uint32_t max)
{
	int64_t value = 0;

	if (!length || length > 10)
		return -1;
	for (size_t i = 0; i < length; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -1;
		value = value * 10 + (text[i] - '0');
	}
	return value > max ? -1 : value;
}
