#!/usr/bin/env bats
# Our reading of create bodies beside dockerd's own; no gate in between.

load helpers

setup_file() {
	stack_init
	echo '{}' >"$T/daemon.json"
	dockerd_up
	image nginx:1.27
	export T SOCK
}

teardown_file() {
	stack_down
}

@test "a body that we let through is read as dockerd reads it" {
	run "$BUILD/live/differential" "$SOCK" "${DIFFERENTIAL_BODIES:-2000}" "${SEED:-1}" "$T/binds/ok"
	echo "$output"
	[ "$status" -eq 0 ]
}
