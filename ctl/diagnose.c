#include "ctl/diagnose.h"

#include <stdarg.h>
#include <string.h>

#include "ctl/ctl.h"

#define START_GATE "systemctl start aegis-authz, or for a trial aegis-ctl up"

void
diagnosis_add(struct diagnosis *d, int code, const char *format, ...)
{
	va_list ap;

	if (d->code < code)
		d->code = code;
	if (d->count == PROBLEMS_MAX)
		return;
	va_start(ap, format);
	vsnprintf(d->problems[d->count++], PROBLEM_LEN, format, ap);
	va_end(ap);
}

static bool
is_forbidden(int code)
{
	return code == -EACCES || code == -EPERM;
}

static bool
is_absent(int code)
{
	return code == -ENOENT || code == -ECONNREFUSED;
}

static bool
is_wired(const struct evidence *e)
{
	return e->wired == WIRED_FILE || e->wired == WIRED_FLAG;
}

static const char *
wired_where(const struct evidence *e)
{
	return e->wired == WIRED_FLAG ? "its command line" : e->config;
}

/* --- what is the case ------------------------------------------------------------- */

static enum seen
is_answering(const struct evidence *e)
{
	if (!e->gate.code || e->recorded == 1)
		return SEEN_YES;
	return is_forbidden(e->gate.code) ? SEEN_UNKNOWN : SEEN_NOT;
}

static enum seen
is_gated(const struct evidence *e)
{
	if (e->recorded == 1 || e->dockerd_blames)
		return SEEN_YES;
	if (e->dockerd.code)
		return is_forbidden(e->dockerd.code) ? SEEN_UNKNOWN : SEEN_NOT;
	/* Reads pass while the store is locked, and leave no record; then what is
	 * written down counts, of which /info is nearer to the truth. */
	if (e->lock_pid)
		return e->listed || is_wired(e) ? SEEN_YES : SEEN_NOT;
	if (e->recorded < 0)
		return e->listed      ? SEEN_YES
		       : is_wired(e) ? SEEN_UNKNOWN
				     : SEEN_NOT;
	return SEEN_NOT;
}

/* --- what to say ------------------------------------------------------------------ */

static void
say_forbidden(const struct evidence *e, struct diagnosis *d)
{
	const char *what[3];
	size_t n = 0;

	if (is_forbidden(e->gate.code) && d->answering == SEEN_UNKNOWN)
		what[n++] = "the gate's socket";
	if (is_forbidden(e->dockerd.code))
		what[n++] = "dockerd's";
	if (is_forbidden(e->store.code))
		what[n++] = "the store";
	if (n)
		diagnosis_add(d, CTL_DEGRADED,
			      "you may not look into %s%s%s%s%s, so not all is "
			      "known; run: sudo aegis-ctl status",
			      what[0], n > 2 ? ", " : n > 1 ? " and " : "",
			      n > 1 ? what[1] : "", n > 2 ? " and " : "",
			      n > 2 ? what[2] : "");
}

static void
say_gate(const struct evidence *e, struct diagnosis *d)
{
	if (d->answering != SEEN_NOT)
		return;
	if (e->managed_off)
		diagnosis_add(d, CTL_UNREACHABLE,
			      "gate: the managed plugin %s is disabled: docker "
			      "plugin enable %s",
			      e->plugin, e->plugin);
	else if (is_wired(e) && is_absent(e->dockerd.code))
		diagnosis_add(d, CTL_UNREACHABLE,
			      "gate: nothing answers on %s, and dockerd, which "
			      "is told to ask it (%s), does not start without "
			      "it; start it first: " START_GATE
			      " (to unwire it: aegis-ctl setup docker --remove)",
			      e->gate_socket, wired_where(e));
	else if (is_wired(e) || e->dockerd_blames)
		diagnosis_add(d, CTL_UNREACHABLE,
			      "gate: nothing answers on %s, and dockerd asks it "
			      "about every call (%s), so docker hangs and "
			      "fails; start it: " START_GATE
			      " (to unwire it: aegis-ctl setup docker --remove)",
			      e->gate_socket, wired_where(e));
	else
		diagnosis_add(d, CTL_UNREACHABLE,
			      "gate: %s: %s; start it: " START_GATE,
			      e->gate_socket, strerror(-e->gate.code));
}

/* It runs and does not answer: only if the gate does is that its own fault. */
static void
say_dockerd_down(const struct evidence *e, struct diagnosis *d)
{
	switch (e->dockerd.code) {
	case -ENOENT:
	case -ECONNREFUSED:
		diagnosis_add(d, CTL_DEGRADED,
			      "dockerd: it does not run (%s: %s); start it: "
			      "systemctl start docker",
			      e->docker_socket, strerror(-e->dockerd.code));
		break;
	case -ETIMEDOUT:
		if (d->answering != SEEN_NOT || !is_wired(e))
			diagnosis_add(d, CTL_DEGRADED,
				      "dockerd: it hangs (%s); see its log: "
				      "journalctl -u docker",
				      e->docker_socket);
		break;
	default:
		if (!is_forbidden(e->dockerd.code) && !e->dockerd_blames)
			diagnosis_add(d, CTL_DEGRADED, "dockerd: %s",
				      e->dockerd.text);
	}
}

static void
say_not_gated(const struct evidence *e, struct diagnosis *d)
{
	if (d->gated != SEEN_NOT || e->dockerd.code)
		return;
	if (is_wired(e) && !e->listed)
		diagnosis_add(d, CTL_DEGRADED,
			      "dockerd: %s names the gate, but no call reaches "
			      "its record; tell dockerd to read it: systemctl "
			      "reload docker (or see the gate's log: "
			      "journalctl -u aegis-authz)",
			      wired_where(e));
	else if (is_wired(e) && !e->recorded)
		diagnosis_add(d, CTL_DEGRADED,
			      "dockerd: it names the gate, but its calls do not "
			      "reach %s: that is another gate's store, or this "
			      "one cannot write it; see its log: journalctl -u "
			      "aegis-authz",
			      e->store_path);
	else
		diagnosis_add(d, CTL_DEGRADED,
			      "dockerd: it does not ask the gate; wire it in: "
			      "aegis-ctl setup docker");
}

static void
say_store(const struct evidence *e, struct diagnosis *d)
{
	if (e->lock_pid)
		diagnosis_add(d, CTL_DEGRADED,
			      "store: %s is locked by process %d (%s); until it "
			      "lets go, the gate denies whatever changes state",
			      e->store_path, (int)e->lock_pid, e->lock_name);
	else if (e->store.code == -ENOENT)
		diagnosis_add(d, CTL_DEGRADED,
			      "store: %s is not there; the gate makes it when "
			      "it starts",
			      e->store_path);
	else if (e->store.code && !is_forbidden(e->store.code))
		diagnosis_add(d, CTL_DEGRADED, "store: %s", e->store.text);
}

void
diagnose(const struct evidence *e, struct diagnosis *d)
{
	*d = (struct diagnosis){0};
	d->answering = is_answering(e);
	d->gated = is_gated(e);
	d->up = !e->dockerd.code || e->dockerd_blames ? SEEN_YES
		: is_forbidden(e->dockerd.code)	      ? SEEN_UNKNOWN
						      : SEEN_NOT;
	say_forbidden(e, d);
	say_gate(e, d);
	if (e->dockerd.code)
		say_dockerd_down(e, d);
	say_not_gated(e, d);
	say_store(e, d);
}
