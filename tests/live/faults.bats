#!/usr/bin/env bats
# The gate between a dockerd with faults and a file system that is dead: every call
# is answered in time, and recorded.

load helpers

# PLUGIN_LOOKUP_TIMEOUT_MS, and as much again for a busy machine.
IN_TIME_MS=10000

setup() {
	stack_init
	start_call hang1 >"$T/hang.json"
	start_call held1 >"$T/held.json"
	start_call web >"$T/web.json"
	start_call heavy >"$T/heavy.json"
}

teardown() {
	local p
	for p in dead_fs fake; do
		stop $p KILL
	done
	grep -h "Sanitizer" "$T"/gate*.log && cat "$T"/gate*.log && return 1
	umount -l "$T/binds/dead" 2>/dev/null
	stack_down
}

start_call() { # start_call CONTAINER
	printf '{"RequestMethod":"POST","RequestUri":"/v1.41/containers/%s/start",
		"RequestHeaders":{"Content-Length":"0"}}' "$1"
}

create_call() { # create_call BODY
	printf '{"RequestMethod":"POST","RequestUri":"/v1.41/containers/create",
		"RequestHeaders":{"Content-Type":"application/json","Content-Length":"%d"},
		"RequestBody":"%s"}' ${#1} "$(printf %s "$1" | base64 -w0)"
}

fake_up() { # fake_up [GATE-SOCKET]
	"$BUILD/live/fake_dockerd" "$SOCK" "$@" >"$T/asked.log" 3>&- &
	echo $! >"$T/fake.pid"
	disown
	wait_for $DEADLINE_S test -S "$SOCK"
}

dead_fs_up() {
	mkdir -p "$T/binds/dead"
	"$BUILD/live/dead_fs" "$T/binds/dead" >"$T/fs.log" 2>&1 3>&- &
	echo $! >"$T/dead_fs.pid"
	disown
	wait_for $DEADLINE_S grep -q " $T/binds/dead fuse" /proc/mounts
}

# ask COUNT FILE: "MS RULE" lines in $T/answers.
ask() {
	"$BUILD/live/ask" "$GATE_SOCK" "$1" "$T/$2.json" >"$T/answers"
	sort -n "$T/answers" | sed -n '1p;$p'
}

answered() { # answered COUNT RULE: so many answers, all in time
	[ "$(awk -v r="$2" '$2 == r' "$T/answers" | wc -l)" -eq "$1" ]
	[ -z "$(awk -v max=$IN_TIME_MS '$1 > max' "$T/answers")" ]
}

asked() { # asked COUNT: have so many questions come to dockerd?
	[ "$(wc -l <"$T/asked.log")" -ge "$1" ]
}

stuck() { # stuck COUNT
	[ "$(sql "select value from meta where key = 'gate.stuck'")" = "$1" ]
}

@test "all calls are denied in time while dockerd hangs" {
	gate_up
	fake_up
	ask 100 hang
	answered 100 gate.lookup
	# No thread is lost by it.
	ask 1 web
	answered 1 allow
	stop gate
	[ "$(sql "select count(*) from decisions where rule = 'gate.lookup'
		and subject = 'hang1'")" -eq 100 ]
}

@test "a stop answers what waits, and waits for nobody" {
	gate_up
	fake_up
	"$BUILD/live/ask" "$GATE_SOCK" 40 "$T/hang.json" >"$T/answers" 3>&- &
	wait_for $DEADLINE_S asked 8
	IN_TIME_MS=4000
	stop gate
	wait $!
	cat "$T/answers" "$T/gate.log"
	answered 40 gate.lookup
	[ "$(sql "select count(*) from decisions where rule = 'gate.lookup'")" -eq 40 ]
	[ ! -S "$GATE_SOCK" ] || ! curl -m 1 --unix-socket "$GATE_SOCK" http://plugin/
}

@test "a dead file system denies the calls that need it, and no others" {
	gate_up
	fake_up
	dead_fs_up
	create_call "{\"Image\":\"nginx:1.27\",\"HostConfig\":{\"Binds\":[\"$T/binds/dead/x:/m\"]}}" \
		>"$T/dead.json"
	ask 12 dead
	answered 12 gate.lookup
	ask 1 web
	answered 1 allow
	wait_for $DEADLINE_S stuck 12
	run "$BUILD/aegis-ctl" status
	echo "$output"
	[[ $output == *"12 look-ups hang"* ]]
	[ "$(grep -c "hang on a file system" "$T/gate.log")" -eq 1 ]

	# The kernel keeps the process as long as the file system, but not its socket.
	mv "$T/gate.pid" "$T/old.pid"
	kill "$(pid_of old)"
	wait_for $DEADLINE_S sh -c "! curl -m 1 --unix-socket $GATE_SOCK http://plugin/"
	gate_up
	ask 1 web
	answered 1 allow
	stop dead_fs KILL
	wait_for $DEADLINE_S gone "$(pid_of old)"
}

@test "a flood of calls on a dead file system leaves workers for the others" {
	gate_up
	fake_up
	dead_fs_up
	create_call "{\"Image\":\"nginx:1.27\",\"HostConfig\":{\"Binds\":[\"$T/binds/dead/z:/m\"]}}" \
		>"$T/dead.json"
	ask 200 dead
	answered 200 gate.lookup
	ask 200 dead
	answered 200 gate.lookup
	ask 1 web
	answered 1 allow
	stop dead_fs KILL
}

@test "workers come back when the file system does" {
	gate_up
	fake_up
	dead_fs_up
	create_call "{\"Image\":\"nginx:1.27\",\"HostConfig\":{\"Binds\":[\"$T/binds/dead/y:/m\"]}}" \
		>"$T/dead.json"
	ask 2 dead
	wait_for $DEADLINE_S stuck 2
	stop dead_fs KILL
	wait_for $DEADLINE_S stuck 0
	wait_for $DEADLINE_S grep -q "no look-up hangs any more" "$T/gate.log"
	stop gate
}

@test "at the cap of connections dockerd can still ask back" {
	local hard
	hard=$(ulimit -Hn)
	ulimit -n 64
	gate_up
	ulimit -n "$hard" || :
	fake_up "$GATE_SOCK"
	"$BUILD/live/ask" "$GATE_SOCK" 60 "$T/held.json" >"$T/answers" 3>&- &
	# 32 connections, of which 16 wait, and the rest is told so.
	wait_for $DEADLINE_S answered 44 gate.overload
	touch "$SOCK.go"
	wait $!
	answered 16 allow
}

@test "an envelope that is too large is denied, not cut" {
	gate_up
	{
		printf '{"RequestMethod":"POST","RequestUri":"/v1.41/containers/create","RequestBody":"'
		head -c 9000000 /dev/zero | tr '\0' A
		printf '"}'
	} >"$T/large.json"
	ask 1 large
	answered 1 gate.request
	stop gate
	[ "$(sql "select count(*) from decisions where rule = 'gate.request'")" -eq 1 ]
}

@test "the gate holds no more memory after large calls than before" {
	local i rss
	gate_up
	fake_up
	create_call "{\"Image\":\"nginx:1.27\",\"Labels\":{\"a\":\"\"$(
		for i in $(seq 20000); do printf ',"k%06d":""' "$i"; done)},
		\"HostConfig\":{\"Binds\":[\"$T/binds/ok:/m\"]}}" >"$T/large.json"
	ask 16 heavy
	answered 16 gate.lookup
	ask 64 large
	answered 64 allow
	rss=$(awk '/^VmRSS/ {print $2}' "/proc/$(pid_of gate)/status")
	echo "$rss KiB"
	# A sanitizer keeps shadows of its own.
	[ "$rss" -lt 20000 ] || nm -D "$BUILD/aegis-authz" | grep -qE ' __(a|t)san_init'
}

@test "a loop that cannot go on ends the process" {
	cat >"$T/fail.c" <<-'EOF'
		#include <errno.h>
		#include <unistd.h>
		struct epoll_event;
		int epoll_wait(int fd, struct epoll_event *e, int max, int ms)
		{
			static int calls;
			usleep(1000);
			errno = EBADF;
			(void)fd, (void)e, (void)max, (void)ms;
			return calls++ < 10 ? 0 : -1;
		}
	EOF
	gcc -shared -fPIC -o "$T/fail.so" "$T/fail.c"
	run env LD_PRELOAD="$T/fail.so" ASAN_OPTIONS=verify_asan_link_order=0 \
		timeout "$DEADLINE_S" "$BUILD/aegis-authz" -c "$T/aegis.yaml"
	echo "$status $output"
	[ "$status" -eq 1 ]
	[[ $output == *"wait for events"*"the gate ends"* ]]
}

@test "a log that nobody reads does not hold the gate" {
	local i
	mkfifo "$T/unread"
	exec {fifo}<>"$T/unread"
	"$BUILD/aegis-authz" -c "$T/aegis.yaml" 2>"$T/unread" 3>&- &
	echo $! >"$T/gate.pid"
	disown
	wait_for $DEADLINE_S curl -fsS --unix-socket "$GATE_SOCK" -X POST \
		http://plugin/Plugin.Activate
	# A policy that cannot be read is a line each time.
	echo 'bad: [' >"$T/gatekeeper.yaml"
	for i in $(seq 2000); do
		kill -HUP "$(pid_of gate)"
	done
	stop gate
	exec {fifo}>&-
}
