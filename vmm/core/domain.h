/* SPDX-License-Identifier: MIT */
/*
 * A domain: one VM, its partition of memory, its vCPUs and its channels.
 * Letters as in core/vcpu.h. All pointers are set at launch and never change,
 * so a snapshot of the memory is a snapshot of the world.
 */
#pragma once
#include "core/arch.h"
#include "core/log.h"
#include "core/pool.h"
#include "core/port.h"
#include "core/vcpu.h"
#include "lib/spinlock.h"
#include "lib/string.h"
#include <xen/errno.h>
#include <xen/event_channel.h>
#include <xen/grant_table.h>

#define DOMAIN_NAME_MAX		32u
#define DOMAIN_VCPU_MAX		32u
#define CONSOLE_HISTORY_SIZE	16384u

enum domain_state {
	DOMAIN_BUILDING,	/* vCPU 0 spends its time on building it */
	DOMAIN_RUNNING,
	DOMAIN_SHUTDOWN,	/* ended and kept (preserve) */
	DOMAIN_DYING,		/* vCPU 0 spends its time on taking it apart */
	DOMAIN_DEAD,		/* frames scrubbed, nothing left */
};

enum domain_action { ACTION_DESTROY, ACTION_RESTART, ACTION_PRESERVE };

/*
 * What the operator's side has not been told yet, in the order in which it
 * makes sense to the reader; bits of domain.news.
 */
enum domain_news { NEWS_PAUSED, NEWS_UNPAUSED, NEWS_SHUTDOWN, NEWS_DEAD,
		   NEWS_RESTART, NEWS_STARTED };

#define SHUTDOWN_NONE		0xffu	/* domain.shutdown_reason: still up */
#define SHUTDOWN_DESTROY	0xfeu	/* ended by the operator */

/* A run of frames that the domain owns; gfn says where a build maps it. */
struct extent {
	gfn_t gfn;
	mfn_t mfn;
	uint64_t count;
};

/* The domain's own grant table (as granter). core/grant.h. */
struct grant_active {		/* private truth about one reference */
	uint32_t mfn;		/* frame while pinned */
	uint16_t domid;		/* user while pinned */
	uint16_t read_count, write_count;	/* pins; write sets read */
	uint16_t reserved;
};
struct grant_table {
	mfn_t *frame;			/* [L] frame[0..frame_count) */
	struct grant_active *active;	/* [L] one per possible reference */
	uint32_t frame_count;		/* [L] */
	uint32_t frame_max;		/* [I] */
};

/* Grants of others that this domain holds mapped (as mapper). */
enum grant_map_state { GRANT_MAP_FREE, GRANT_MAP_LIVE, GRANT_MAP_REVOKED };
struct grant_map {
	uint8_t state;		/* [L] enum grant_map_state */
	uint8_t readonly;	/* [L] */
	uint16_t domid;		/* [L] granter */
	uint32_t ref;		/* [L] or next free handle */
	uint64_t gfn;		/* [L] where it is mapped, in the mapper */
};

struct p2m {
	mfn_t root;		/* [I] top table, a page of its own */
	uint64_t flush_seq;	/* [A] bumped by every flush */
	uint64_t ram_seq;	/* [A] bumped when RAM has lost its gfn */
	uint64_t parked_count;	/* [L] own RAM frames with no gfn */
	mfn_t parked_first;	/* [L] chain through frame.next */
	mfn_t blank;		/* [I] stands in for revoked mappings */
};

/* PV console; vdev/console.c owns the meaning. */
struct console {
	struct spinlock lock;	/* history and input */
	char *history;		/* [console.lock] CONSOLE_HISTORY_SIZE */
	uint64_t produced;	/* [A] bytes ever put into history */
	uint64_t sent[2];	/* boot CPU: bytes gone to COM1, COM2 */
	char input[256];	/* [console.lock] waiting for ring space */
	uint32_t input_count;	/* [console.lock] */
	mfn_t ring;		/* [I] xencons_interface page */
	gfn_t ring_gfn;		/* [I] */
	evtchn_port_t port;	/* [I] the guest's local port */
	nsec_t credit_time;	/* [console.lock] rate limit */
	uint32_t credit;	/* [console.lock] */
	uint64_t dropped;	/* [console.lock] */
};

struct domain {
	uint16_t id;			/* [I] 1.. */
	char name[DOMAIN_NAME_MAX];	/* [I] */
	uint32_t vcpu_count;		/* [I] */
	struct vcpu *vcpu;		/* [I] array */
	struct spinlock lock;		/* rank: core/lock.h */

	uint32_t state;			/* [A] enum domain_state */
	uint32_t paused;		/* [A] operator pause, 0 or 1 */
	uint32_t shutdown_reason;	/* [A] SHUTDOWN_* */
	uint32_t restart_wanted;	/* [A] rebuild after DYING */
	uint32_t destroy_wanted;	/* [A] end as soon as it is built */
	nsec_t log_from;		/* [A] credit of log lines */
	uint32_t news;			/* [A] bits by enum domain_news */
	uint32_t restart_count;		/* [A] */
	uint32_t job_step;		/* [C] phase of build or teardown */
	uint64_t job_cursor;		/* [C] progress inside the phase */
	uint64_t job_aux;		/* [C] */

	/* partition */
	struct extent *extent;		/* [I] the RAM, by ascending gfn */
	uint32_t extent_count;		/* [I] */
	uint64_t ram_frames;		/* [I] */
	struct p2m p2m;
	struct pool pool;		/* [L] */
	mfn_t shared_mfn;		/* [I] shared_info frame */
	struct shared_info *shared;	/* [I] its VMM mapping */
	gfn_t shared_gfn;		/* [L] where mapped; UINT64_MAX: not */
	bool shared_over_ram;		/* [L] it took the place of RAM there */
	mfn_t xenstore_mfn;		/* [I] ring page */
	gfn_t xenstore_gfn;		/* [I] */

	/* events */
	struct port *port;		/* [L] changes; [A] senders read */
	uint32_t port_count;		/* [I] */
	uint32_t *sent;			/* [A] events sent to peers, by port */
	uint64_t device_pending;	/* [A] bits of enum port_device */
	uint32_t callback_vector;	/* [A] type 2 callback, 0 = none */

	/* grants */
	struct grant_table grants;
	struct grant_map *map;		/* [L] */
	uint32_t map_count;		/* [I] */
	uint32_t map_free;		/* [L] first free handle, ~0 none */
	uint32_t map_live;		/* [L] */

	/* devices: world.device[device_first ..] */
	uint32_t device_first, device_count;	/* [I] */
	uint32_t pci_address;		/* [A] of the guest's port CF8 */

	/* policy, from the launch description */
	uint64_t deny[1];		/* [I] bit n: hypercall n refused */
	uint64_t *peers;		/* [I] bitmap by domid, NULL none */
	uint8_t on_poweroff, on_reboot, on_crash;	/* [I] domain_action */
	bool start_paused;		/* [I] */
	uint32_t weight, cap;		/* [I] cap in percent, 0 none */

	/* what to build it from */
	uint64_t ramdisk_size;		/* [I] 0 = none */
	uint64_t param[40];		/* [L] HVM params */
	bool runstate_update_flag;	/* [A] VMASST_TYPE_runstate... */
	struct console console;
};

/* Whether d means itself by a domid of its choice. */
static inline bool domain_is_self(const struct domain *d, uint16_t domid)
{
	return domid == DOMID_SELF || domid == d->id;
}

/* From the vCPU number that a guest gave, or NULL. */
static inline struct vcpu *domain_vcpu(const struct domain *d, uint32_t id)
{
	if (id >= d->vcpu_count)
		return NULL;
	return &d->vcpu[arch_index_nospec(id, d->vcpu_count)];
}

/*
 * Whom d means by a domid of its choice (DOMID_SELF too), if the launch
 * description lets the two share channels; NULL otherwise.
 */
struct domain *domain_peer(struct domain *d, uint16_t domid);

/*
 * Ends d because of something that it did: stops its vCPUs, records reason
 * (SHUTDOWN_* of sched.h) and starts what on_* says. Any CPU; the caller may
 * be one of d's vCPUs and must not enter the guest again. One line is logged.
 */
void domain_shutdown(struct domain *d, unsigned int reason);
/* The guest cannot go on: logs why (one sentence), then SHUTDOWN_crash. */
void domain_crash(struct domain *d, const char *why);

/* Tells the operator's side, soon. */
void domain_news(struct domain *d, enum domain_news news);

/* Operator commands; 0 or -XEN_Exxx. Any CPU; they return at once. */
int domain_pause(struct domain *d);
int domain_unpause(struct domain *d);
int domain_destroy(struct domain *d);
int domain_restart(struct domain *d);
