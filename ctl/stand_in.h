/*
 * stand_in - a dockerd that executes nothing, for one docker command.
 *
 * Runs the command with DOCKER_HOST set to a socket of ours.  Reads that the
 * policy allows are passed on to the real dockerd; the first call that is more
 * than that is judged, refused with its verdict, and ends the trial.
 *
 * The client is the user's own program, but it is bounded as any peer: number
 * of connections, size of a request, time.
 */
#ifndef AEGIS_CTL_STAND_IN_H
#define AEGIS_CTL_STAND_IN_H

#include "ctl/trial.h"

struct stand_in_result {
	bool judged; /* a call that changes something came; result has it */
	struct trial_result result;
	bool only_read; /* else: it read what it wanted, and was content */
	bool failed; /* else: it ended with an error of its own, or dockerd's */
	struct buf output; /* what the command wrote to standard error */
};

/*
 * command is {"docker", ..., NULL}.  Returns 0 or an exit code after the
 * message.
 */
int stand_in_run(struct trial *t, const struct policy *policy,
		 char *const *command, struct stand_in_result *ret);

/* Could this docker command line do something beside calling DOCKER_HOST?  The
 * reason in why, or false if it is fit to be run.  Pure. */
bool stand_in_refuses(char *const *command, int count, char *why, size_t size);
/* Does it make several calls that change something, of which one is judged? */
bool stand_in_is_series(char *const *command, int count,
			enum endpoint_id judged);

#endif
