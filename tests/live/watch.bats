#!/usr/bin/env bats
# What the gate's main thread looks at: the policy, dockerd's socket, systemd.  No
# dockerd runs here.

load helpers

setup() {
	stack_init
	POLICY=$T/policy/gatekeeper.yaml
	mkdir "$T/policy"
	chmod 0755 "$T"
	mv "$T/gatekeeper.yaml" "$POLICY"
	sed -i "s|policy: [^}]*|policy: $POLICY|" "$T/aegis.yaml"
	unset NOTIFY_SOCKET
}

teardown() {
	cat "$T/gate.log"
	stop gate
	stop notified
	rm -f "$GATE_SOCK"
	rm -rf "$T"
}

# A policy of its own for each NUMBER.
policy() {
	sed "s/exploit/word$1/" "$ROOT/policies/gatekeeper.yaml"
	echo "# $1"
}

revision() {
	sql "select value from meta where key = 'gate.revision'"
}

# The text of FILE is in force.
in_force() {
	local said
	sed "s|policy: [^}]*|policy: $1|" "$T/aegis.yaml" >"$T/other.yaml"
	said=$("$BUILD/aegis-authz" -n -c "$T/other.yaml") || return
	[ "$(revision)" = "${said##* }" ]
}

@test "a policy behind a link is in force when the file behind it changes" {
	mkdir "$T/real"
	policy 1 >"$T/real/p.yaml"
	rm "$POLICY"
	ln -s "$T/real/p.yaml" "$POLICY"
	gate_up
	wait_for $DEADLINE_S in_force "$T/real/p.yaml"
	policy 2 >"$T/real/p.yaml"
	wait_for $DEADLINE_S in_force "$T/real/p.yaml"
	policy 3 >"$T/real/new"
	mv "$T/real/new" "$T/real/p.yaml"
	wait_for $DEADLINE_S in_force "$T/real/p.yaml"
}

@test "a policy in a folder that is made anew is in force, and its changes" {
	gate_up
	mv "$T/policy" "$T/policy.old"
	mkdir "$T/policy"
	policy 1 >"$POLICY"
	wait_for $DEADLINE_S in_force "$POLICY"
	policy 2 >"$POLICY"
	wait_for $DEADLINE_S in_force "$POLICY"
}

@test "other files in the policy's folder neither reload it nor keep it from being" {
	local noise reloads
	gate_up
	(exec 3>&-; while :; do : >"$T/policy/noise"; read -rt 0.02 <> <(:) || :; done) &
	noise=$!
	policy 1 >"$POLICY"
	wait_for $DEADLINE_S in_force "$POLICY" || { kill $noise; false; }
	# One bad policy is one line, whatever happens beside it.
	echo 'no: [policy' >"$POLICY"
	wait_for $DEADLINE_S grep -q "the policy in force stays" "$T/gate.log" || { kill $noise; false; }
	policy 2 >"$POLICY"
	wait_for $DEADLINE_S in_force "$POLICY" || { kill $noise; false; }
	kill $noise
	[ "$(grep -c "the policy in force stays" "$T/gate.log")" -eq 1 ]
}

@test "a pipe as the policy stops nothing" {
	gate_up
	rm "$POLICY"
	mkfifo "$POLICY"
	wait_for $DEADLINE_S grep -q "not a regular file; .*the policy in force stays" "$T/gate.log"
	kill -HUP "$(pid_of gate)"
	stop gate
}

@test "systemd hears that the gate is ready, and that its loop runs" {
	"$BUILD/live/notified" "$T/notify" >"$T/told" 3>&- &
	echo $! >"$T/notified.pid"
	wait_for $DEADLINE_S test -S "$T/notify"
	export NOTIFY_SOCKET=$T/notify
	gate_up
	wait_for $DEADLINE_S grep -qx READY=1 "$T/told"
	wait_for $DEADLINE_S eval "[ \$(grep -cx WATCHDOG=1 $T/told) -ge 2 ]"
	[ "$(head -n 1 "$T/told")" = READY=1 ]
}

# A file does for a socket: what is asked is who may write.
docker_socket() {
	: >"$SOCK"
	chown "0:$1" "$SOCK"
	chmod "$2" "$SOCK"
}

@test "a docker socket with a group that came later is said to need a restart" {
	gate_up
	docker_socket 54321 0660
	wait_for $DEADLINE_S grep -q "has group 54321 now.*restart aegis-authz" "$T/gate.log"
	wait_for $DEADLINE_S sh -c "'$BUILD/aegis-ctl' status 2>&1 | grep 'cannot ask dockerd: .*54321'"
	chmod 0666 "$SOCK"
	wait_for $DEADLINE_S sh -c "! '$BUILD/aegis-ctl' status 2>&1 | grep 'cannot ask dockerd'"
	chmod 0600 "$SOCK"
	wait_for $DEADLINE_S grep -q "give its group the right to write" "$T/gate.log"
	[ "$(grep -c "error: .*docker.sock" "$T/gate.log")" -eq 2 ]
}

@test "under systemd the gate ends for it, and the next start has the group" {
	"$BUILD/live/notified" "$T/notify" >"$T/told" 3>&- &
	echo $! >"$T/notified.pid"
	wait_for $DEADLINE_S test -S "$T/notify"
	export NOTIFY_SOCKET=$T/notify
	gate_up
	docker_socket 54321 0660
	wait_for $DEADLINE_S gone "$(pid_of gate)"
	grep -q "error: .*has group 54321 now" "$T/gate.log"
	gate_up
	grep -qw 54321 <(grep ^Groups: "/proc/$(pid_of gate)/status")
}
