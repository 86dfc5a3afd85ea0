/* SPDX-License-Identifier: MIT */
/*
 * Every reachable state of a small world. A world has a model beside it: an
 * independent record of who permitted what to whom, kept by the test in its
 * own words. From each state every action is tried; it must give the result
 * that the model predicts and leave the world that the model describes, and
 * what is refused must leave the world as it was, byte for byte.
 *
 * The bytes that may change are declared; they make up a state. All others
 * are compared with what they were at the start, once for each state.
 */
#pragma once
#include "world_fixture.h"

#define EXPLORER_MODEL_MAX	512u

struct explorer {
	const char *name;
	size_t model_size;
	unsigned int action_count;
	unsigned int state_max;		/* refuses to go on beyond */

	/*
	 * Does action on the world and predicts on the model; returns whether
	 * the result was the predicted one. *refused: the model did not allow
	 * it. May assert() with explorer_fail().
	 */
	bool (*act)(unsigned int action, void *model, bool *refused);
	/* Compares the world with the model; false if they differ. */
	bool (*agrees)(const void *model);
	/* Brings what is no state (event bits, counters) back to its start. */
	void (*settle)(void);
	void (*describe)(unsigned int action, char *text, size_t size);
};

/* Declares bytes that are part of the state. Before explorer_run(). */
void explorer_watch(void *bytes, size_t size);
/* Forgets what was watched. */
void explorer_reset(void);
/* From the present world and this model on; prints and returns the states. */
unsigned int explorer_run(const struct explorer *explorer, const void *model);
/* Says why act() or agrees() is not content; shown with the way there. */
void explorer_complain(const char *format, ...)
	__attribute__((format(printf, 1, 2)));
