#!/usr/bin/env bats
# The gate as a managed plugin, and both forms against being switched off.

load helpers

setup_file() {
	stack_init
	mkdir "$T/state"
	cat >"$T/plugin.yaml" <<-YAML
		store: /var/lib/aegis/aegis.db
		docker: /host$SOCK
		gate: {socket: /run/docker/plugins/aegis.sock, policy: /host$T/gatekeeper.yaml}
	YAML
	echo '{}' >"$T/daemon.json"
	# Even a policy that opens the family does not open the gate itself.
	sed -i 's/plugins: deny/plugins: allow/' "$T/gatekeeper.yaml"
	dockerd_up
	image nginx:1.27
	PATH="$(dirname "$DOCKER"):$PATH" NAME=$PLUGIN CONFIG=$T/plugin.yaml OUT=$T/plugin \
		BUILD=$BUILD "$ROOT/packaging/plugin"
	"$DOCKER" plugin set "$PLUGIN" state.source="$T/state" "AEGIS_PLUGIN_NAME=$PLUGIN"
	"$DOCKER" plugin enable "$PLUGIN"
	stop dockerd
	echo "{\"authorization-plugins\": [\"$PLUGIN\"]}" >"$T/daemon.json"
	dockerd_up
	export T PLUGIN SOCK GATE_SOCK STORE
}

teardown_file() {
	stack_down
}

# The plugin's process: the one that has our state folder mounted.
plugin_pid() {
	local pid
	for pid in $(pgrep -f '^/aegis-authz -c /aegis.yaml'); do
		grep -q "$T/state\|${T#/tmp}/state" "/proc/$pid/mountinfo" && echo "$pid" && return
	done
	return 1
}

@test "the managed plugin gates" {
	run "$DOCKER" run --rm --network none nginx:1.27 echo hello
	echo "$output"
	[ "$status" -eq 0 ]
	[ "$output" = hello ]
	denied containers.privileged "$DOCKER" create --privileged --network none nginx:1.27 true
	mkdir -p "$T/binds/ok"
	ln -sfn /usr "$T/binds/out"
	denied containers.binds "$DOCKER" create --network none -v "$T/binds/out:/x" nginx:1.27 true
	run "$DOCKER" create --network none -v "$T/binds/ok:/x" nginx:1.27 true
	[ "$status" -eq 0 ]
	[ "$(sqlite3 -readonly "$T/state/aegis.db" "select count(*) from decisions where rule = 'containers.privileged'")" -ge 1 ]
}

@test "aegis-ctl sees the managed form" {
	sed "s,$STORE,$T/state/aegis.db," "$T/aegis.yaml" >"$T/managed.yaml"
	run "$BUILD/aegis-ctl" -c "$T/managed.yaml" status
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $output == *answering* && $output == *gated* ]]
	echo '{}' >"$T/daemon.json"
	run "$BUILD/aegis-ctl" -c "$T/managed.yaml" setup docker -y \
		--daemon-json "$T/daemon.json" --pidfile "$T/docker.pid"
	echo "$output"
	[ "$status" -eq 0 ]
	jq -e --arg p "$PLUGIN" '."authorization-plugins" == [$p]' "$T/daemon.json"
}

@test "it cannot be switched off through Docker" {
	denied gate.self "$DOCKER" plugin disable -f "$PLUGIN"
	denied gate.self "$DOCKER" plugin rm -f "$PLUGIN"
	denied gate.self "$DOCKER" plugin set "$PLUGIN" AEGIS_PLUGIN_NAME=x
	PATH="$(dirname "$DOCKER"):$PATH" NAME=$PLUGIN CONFIG=$T/plugin.yaml OUT=$T/plugin \
		BUILD=$BUILD run "$ROOT/packaging/plugin"
	echo "$output"
	[ "$status" -eq 1 ]
	[[ $output == *"[gate.self]"*"setup docker --remove"* ]]
}

@test "it is back after kill -9" {
	local pid
	pid=$(plugin_pid)
	kill -KILL "$pid"
	wait_for $DEADLINE_S gone "$pid"
	wait_for $DEADLINE_S "$DOCKER" version
	denied containers.privileged "$DOCKER" create --privileged --network none nginx:1.27 true
}

@test "it gates again after dockerd restarted" {
	stop dockerd
	dockerd_up
	denied containers.privileged "$DOCKER" create --privileged --network none nginx:1.27 true
	run "$DOCKER" run --rm --network none nginx:1.27 echo again
	[ "$output" = again ]
}
