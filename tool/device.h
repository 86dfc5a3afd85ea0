/* SPDX-License-Identifier: MIT */
/*
 * Split devices: what the strings of disk = [ ] and vif = [ ] say, in the
 * syntax of xl-disk-configuration(5) and xl-network-configuration(5). What
 * Xen's own parser accepts means the same here; refused is what only a dom0
 * or a device model could honour, and what is said twice.
 */
#pragma once
#include "fault.h"

#define DISK_SCRIPT "bulkhead"
#define VIF_SCRIPT  "bulkhead"

enum disk_discard { DISCARD_DEFAULT, DISCARD_ON, DISCARD_OFF };

struct disk {
	char *target;	     /* what the back end opens: "params" */
	char *vdev;	     /* "xvda", as written */
	unsigned int number; /* what the front end calls it: vdev's number */
	char *backend;	     /* name of a VM; NULL: not said */
	char *script;	     /* NULL: ours */
	bool readonly, cdrom, direct_io_safe;
	enum disk_discard discard;
	unsigned int line;
	unsigned int back; /* domid of the back end; by the machine */
};

struct vif {
	uint8_t mac[6];
	bool has_mac;
	char *bridge, *ip, *script, *vifname, *gateway; /* NULL: not said */
	char *backend;
	uint64_t rate;		    /* bytes for each rate_interval; 0: any */
	unsigned int rate_interval; /* us */
	unsigned int id;	    /* the front end's number for it */
	bool has_id;
	bool untrusted;	  /* the front end bounces its buffers */
	unsigned int mtu; /* 0: not said */
	unsigned int line;
	unsigned int back;
};

/* `out` is complete whatever is wrong; faults say what is. */
void disk_parse(const char *text, struct place where, struct disk *out,
		struct faults *faults);
void disk_free(struct disk *d);
void vif_parse(const char *text, struct place where, struct vif *out,
	       struct faults *faults);
void vif_free(struct vif *v);

/*
 * The number of a virtual disk (xen-vbd-interface(7)): xvd, hd and sd with
 * letters and perhaps a partition, dNpM, or the number itself. False: none.
 */
bool vdev_number(const char *name, unsigned int *out);
/* "10Mb/s" or "250KB/s@20ms" as libxlutil reads it; false: malformed. */
bool rate_read(const char *text, uint64_t *bytes, unsigned int *interval);
/* Six bytes of a station's address, written aa:bb:cc:dd:ee:ff. */
bool mac_read(const char *text, uint8_t mac[6]);
char *mac_text(const uint8_t mac[6]);

/* For what parses such strings: the sentence about one part of one. */
struct spec {
	const char *key, *text;
	struct place where;
	struct faults *faults;
};
void spec_bad(const struct spec *s, const char *part, const char *instead);
void spec_unknown(const struct spec *s, const char *name,
		  const char *const *names);
bool word_listed(const char *const *names, const char *word);
