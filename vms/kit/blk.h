/* SPDX-License-Identifier: MIT */
/*
 * A disk's front end, one request at a time.
 *  B1  the ring is read once: an answer that cannot be one, or to a request
 *      that was not made, is BLK_BOGUS, and the disk is not used any further;
 *  B2  a page is the caller's again only once its grant is withdrawn: the
 *      back end may hold it for as long as it likes.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <xen/xen.h>
#include <xen/event_channel.h>
#include <xen/io/blkif.h>
#include "device.h"

#define BLK_RING	32u	/* requests in a ring of one page */
#define BLK_SECTOR	512u
#define BLK_BOGUS	-100	/* an answer that is none */
#define BLK_SILENT	-101	/* no answer in time */
#define BLK_HELD	-102	/* answered, but the page is still mapped */

struct blk {
	struct device device;
	struct blkif_sring *ring;	/* its page is allocated once */
	uint32_t prod, cons;
	uint64_t id;
	evtchn_port_t port;
	uint32_t ref;		/* of the ring; the next one is for data */
	bool data_held;
};

/*
 * Connect by the directories of b->device. The references ref and ref + 1
 * are used. False: the back end did not in time.
 */
bool blk_open(struct blk *b, uint32_t ref, uint64_t ns);
/*
 * Sectors of one page, read or written: BLKIF_RSP_*, or as above.
 */
int blk_io(struct blk *b, uint8_t op, uint64_t sector, void *page,
	   unsigned int sectors, uint64_t ns);
/* Put a request as it is into the next place; push and notify. */
void blk_put(struct blk *b, const struct blkif_request *request);
void blk_push(struct blk *b);
/* True if the back end has let go of the ring in time. */
bool blk_close(struct blk *b, uint64_t ns);
