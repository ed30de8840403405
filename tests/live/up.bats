#!/usr/bin/env bats
# aegis-ctl up: what it runs, and when it gives up.

load helpers

setup() {
	stack_init
	sed -i "s,$STORE,$T/state/aegis.db," "$T/aegis.yaml"
}

teardown() {
	stack_down
}

# up: in the background, its output in $T/up.log.
up() {
	"$BUILD/aegis-ctl" up >"$T/up.log" 2>&1 3>&- &
	echo $! >"$T/gate.pid"
	disown
}

# up_ends: in the foreground; it has to end by itself.
up_ends() {
	run timeout 20 "$BUILD/aegis-ctl" up
	echo "$output"
	[[ $output != *"Try in another terminal"* ]]
}

@test "up runs the gate, starts it again, and takes it down" {
	local gate
	up
	wait_for 10 grep -q 'Ctrl-C stops everything' "$T/up.log"
	cat "$T/up.log"
	gate=$(awk '$1 == "aegis-authz" {print $2}' "$T/up.log")
	grep -q 'setup docker' "$T/up.log"
	kill -KILL "$gate"
	wait_for 10 grep -q 'aegis-authz died (killed by signal 9)' "$T/up.log"
	wait_for 10 curl -fsS --unix-socket "$GATE_SOCK" -X POST http://plugin/Plugin.Activate
	stop gate
	[ ! -e "$GATE_SOCK" ]
}

@test "up ends where there is no policy, or a bad one" {
	rm "$T/gatekeeper.yaml"
	up_ends
	[ "$status" -eq 4 ]
	[[ $output == *"$T/gatekeeper.yaml"* ]]
	echo 'version: 2' >"$T/gatekeeper.yaml"
	up_ends
	[ "$status" -eq 65 ]
	[[ $output == *"gatekeeper.yaml:1:10:"* ]]
}

@test "up ends on a configuration that the gate does not take" {
	echo 'user: nobody-of-that-name' >>"$T/aegis.yaml"
	up_ends
	[ "$status" -eq 1 ]
	[[ $output == *"aegis-authz does not start (exit code 1)"* ]]
}

@test "up does not call another gate's socket its own" {
	sed "s,$T/state,$T/first," "$T/aegis.yaml" >"$T/first.yaml"
	mkdir "$T/first"
	"$BUILD/aegis-authz" -c "$T/first.yaml" >>"$T/gate.log" 2>&1 3>&- &
	echo $! >"$T/gate.pid"
	disown
	wait_for 10 curl -fsS --unix-socket "$GATE_SOCK" -X POST http://plugin/Plugin.Activate
	up_ends
	[ "$status" -eq 1 ]
	[[ $output == *"a gate answers on $GATE_SOCK already, process $(pid_of gate) (aegis-authz)"* ]]
	[ -S "$GATE_SOCK" ]
}

@test "up asks for root where it needs it" {
	chmod 0711 "$T"
	run timeout 20 setpriv --reuid=12345 --regid=12345 --clear-groups "$BUILD/aegis-ctl" up
	echo "$output"
	[ "$status" -eq 1 ]
	[[ $output == *"/run/docker/plugins: Permission denied; run it as root (sudo aegis-ctl up)"* ]]
}
