#!/usr/bin/env bats
# What `make run` starts, leaves alone, and leaves behind.

load helpers

setup() {
	stack_init
	mkdir "$T/bin"
	# The dockerd that it finds in PATH is private, wherever it may write.
	cat >"$T/bin/dockerd" <<-EOF
		#!/bin/sh
		exec unshare --net sh -c 'busybox ip link set lo up && exec "\$@"' - \\
			"$DOCKERD" --config-file "$T/daemon.json" --data-root "$T/data" \\
			--exec-root "$T/exec" -H "unix://$SOCK" --pidfile "$T/docker.pid" \\
			--bridge=none --iptables=false --ip6tables=false "\$@"
	EOF
	chmod +x "$T/bin/dockerd"
	echo '{}' >"$T/daemon.json"
}

teardown() {
	stop run
	stack_down
}

run_up() {
	PATH=$T/bin:$PATH AEGIS_RUN_IN=$T AEGIS_RUN_PLUGIN=$PLUGIN BUILD=$BUILD \
		"$ROOT/packaging/run" >"$T/run.log" 2>&1 3>&- &
	echo $! >"$T/run.pid"
	disown
	wait_for 60 grep -q 'Ctrl-C stops everything' "$T/run.log" || { cat "$T/run.log"; return 1; }
}

run_ends() {
	PATH=$T/bin:$PATH AEGIS_RUN_IN=$T AEGIS_RUN_PLUGIN=$PLUGIN BUILD=$BUILD \
		run timeout 60 "$ROOT/packaging/run"
	echo "$output"
}

# lacks PATTERN: `! grep` alone would not fail a test.
lacks() {
	if grep -e "$1" "$T/run.log"; then return 1; fi
}

setup_docker() {
	"$BUILD/aegis-ctl" setup docker -y --daemon-json "$T/daemon.json" --pidfile "$T/docker.pid" "$@"
}

privileged_is_denied() {
	denied containers.privileged "$DOCKER" create --privileged --network none nginx:1.27 true
}

@test "it starts a gated dockerd, and takes all of it down" {
	run_up
	image nginx:1.27
	privileged_is_denied
	[ -L "$T/bin/aegis-ctl" ]
	lacks 'wire it'
	stop run
	cat "$T/run.log"
	[ ! -e "$GATE_SOCK" ]
	[ ! -e "$T/bin/aegis-ctl" ]
	[ "$(cat "$T/daemon.json")" = '{}' ]
	lacks ATTENTION
	run curl -sS --unix-socket "$SOCK" http://d/_ping
	[ "$status" -ne 0 ]
}

@test "a dockerd that ran is unwired again if it was wired meanwhile" {
	dockerd_up
	image nginx:1.27
	run_up
	cat "$T/run.log"
	grep -q "setup docker .*(undo: .*--remove)" "$T/run.log"
	grep -q 'After wiring, try' "$T/run.log"
	setup_docker
	privileged_is_denied
	stop run
	cat "$T/run.log"
	grep -q 'unwiring dockerd' "$T/run.log"
	jq -e 'has("authorization-plugins") | not' "$T/daemon.json"
	[ ! -e "$T/bin/aegis-ctl" ]
	run timeout 20 "$DOCKER" create --privileged --network none nginx:1.27 true
	echo "$output"
	[ "$status" -eq 0 ]
}

@test "what was wired before is said plainly, with a command that is still there" {
	echo "{\"authorization-plugins\": [\"$PLUGIN\"]}" >"$T/daemon.json"
	run_up
	lacks 'wire it'
	image nginx:1.27
	privileged_is_denied
	stop run
	cat "$T/run.log"
	grep -q "ATTENTION: dockerd is wired to the gate ($T/daemon.json)" "$T/run.log"
	[ -L "$T/bin/aegis-ctl" ]
	undo=$(sed -n 's/^  sudo \(.*--remove\) .*/\1/p' "$T/run.log")
	run sh -c "$undo -y"
	echo "$output"
	[ "$status" -eq 0 ]
	jq -e 'has("authorization-plugins") | not' "$T/daemon.json"
}

@test "a dockerd that asks the gate already gets no advice to wire it" {
	echo "{\"authorization-plugins\": [\"$PLUGIN\"]}" >"$T/daemon.json"
	gate_up
	dockerd_up
	stop gate KILL
	run_up
	cat "$T/run.log"
	lacks 'wire it'
	grep -q '^Try in another' "$T/run.log"
}

@test "it starts no dockerd that would not ask the gate" {
	for list in '[]' '["other"]'; do
		echo "{\"authorization-plugins\": $list}" >"$T/daemon.json"
		run_ends
		[ "$status" -eq 1 ]
		[[ $output == *"without the gate"*"setup docker"* ]]
		[ ! -e "$T/docker.pid" ]
		[ ! -e "$GATE_SOCK" ]
	done
}

@test "another gate is named with its process" {
	gate_up
	run_ends
	[ "$status" -eq 1 ]
	[[ $output == *"a gate answers on $GATE_SOCK already, process $(pid_of gate) (aegis-authz)"* ]]
	kill -0 "$(pid_of gate)"
}
