#!/usr/bin/env bats
# aegis-ctl against a gate and a dockerd that run.

bats_require_minimum_version 1.5.0
load helpers

setup_file() {
	stack_init
	gate_up
	dockerd_up
	image nginx:1.27
	export T PLUGIN SOCK GATE_SOCK STORE
}

teardown_file() {
	stack_down
}

ctl() {
	"$BUILD/aegis-ctl" -c "$T/aegis.yaml" "$@"
}

@test "status says that dockerd asks the gate" {
	run ctl status
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $output == *"gated"* ]]
	ctl status -o json | jq -e .
}

@test "decisions list, show and explain a deny" {
	local id
	denied containers.privileged "$DOCKER" create --privileged --network none nginx:1.27 true
	run ctl decisions
	echo "$output"
	[[ $output == *containers.privileged* ]]
	id=$(ctl decisions -o json | jq -r 'first(.. | objects | select(.rule? == "containers.privileged")) | .id')
	[ -n "$id" ]
	run ctl decisions show "$id"
	echo "$output"
	[[ $output == *HostConfig.Privileged* ]]
}

@test "replay tells which decisions another policy would turn" {
	"$DOCKER" create --network none nginx:1.27 true
	sed 's/forbid_words: \[exploit\]/forbid_words: [nginx]/' "$T/gatekeeper.yaml" >"$T/other.yaml"
	run ctl decisions replay --policy "$T/gatekeeper.yaml"
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $output != *images.forbid_words* ]]
	run ctl decisions replay --policy "$T/other.yaml"
	echo "$output"
	[[ $output == *images.forbid_words* ]]
}

@test "explain says what a command line would meet, and runs nothing" {
	local before after
	before=$("$DOCKER" ps -aq | wc -l)
	run ctl policy explain -- "$DOCKER" run --privileged nginx:1.27
	echo "$output"
	[ "$status" -eq 2 ]
	[[ $output == *containers.privileged* ]]
	run ctl policy explain -- "$DOCKER" run nginx:1.27 true
	echo "$output"
	[ "$status" -eq 0 ]
	after=$("$DOCKER" ps -aq | wc -l)
	[ "$before" -eq "$after" ]
}

@test "validate points at the mistake" {
	printf 'version: 1\nimages:\n  alow: [nginx]\n' >"$T/bad.yaml"
	run ctl policy validate "$T/bad.yaml"
	echo "$output"
	[ "$status" -eq 65 ]
	[[ $output == *"bad.yaml:3:3:"*"allow"* ]]
	run ctl policy validate "$T/gatekeeper.yaml"
	[ "$status" -eq 0 ]
}

@test "rules validate refuses the wrong rule alone" {
	cat >"$T/rules.yaml" <<-'YAML'
		- rule: good
		  desc: opens
		  condition: evt.type in (open, openat) and fd.name startswith /etc/
		  output: opened %fd.name
		  priority: NOTICE
		- rule: bad
		  desc: a field that is none
		  condition: evt.type = open and fd.nmae = x
		  output: o
		  priority: NOTICE
	YAML
	run --separate-stderr ctl rules validate -o json "$T/rules.yaml"
	echo "$output" "$stderr"
	[ "$status" -eq 1 ]
	[[ $stderr == *"rules.yaml:8:14:"*"did you mean 'fd.name'"* ]]
	[ "$(jq -r '.[0] | .name, .loaded, .line, (.events | join(","))' <<<"$output" | paste -sd' ')" = "good true 1 open,openat" ]
	[ "$(jq -r '.[0].condition' <<<"$output")" = "(evt.type in (open, openat) and fd.name startswith /etc/)" ]
	[ "$(jq -r '.[1].loaded' <<<"$output")" = false ]
	run ctl rules show good "$T/rules.yaml"
	[ "$status" -eq 0 ]
	[[ $output == *"events:    open, openat"* ]]
}

@test "alerts hold what the policy denied" {
	run ctl alerts
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $output == *containers.privileged* ]]
}

@test "setup docker wires and unwires a running dockerd" {
	stop dockerd
	echo '{"debug": false}' >"$T/daemon.json"
	dockerd_up
	run "$DOCKER" create --name before --privileged --network none nginx:1.27 true
	[ "$status" -eq 0 ]
	run ctl setup docker -y --daemon-json "$T/daemon.json" --pidfile "$T/docker.pid"
	echo "$output"
	[ "$status" -eq 0 ]
	jq -e --arg p "$PLUGIN" '."authorization-plugins" == [$p] and .debug == false' "$T/daemon.json"
	denied containers.privileged "$DOCKER" create --privileged --network none nginx:1.27 true
	run ctl setup docker --remove -y --daemon-json "$T/daemon.json" --pidfile "$T/docker.pid"
	echo "$output"
	[ "$status" -eq 0 ]
	jq -e 'has("authorization-plugins") | not' "$T/daemon.json"
	run "$DOCKER" rm before
	[ "$status" -eq 0 ]
}

@test "setup docker refuses when the gate does not answer" {
	stop gate
	cp "$T/daemon.json" "$T/daemon.json.before"
	run ctl setup docker -y --daemon-json "$T/daemon.json" --pidfile "$T/docker.pid"
	echo "$output"
	[ "$status" -eq 7 ]
	cmp "$T/daemon.json" "$T/daemon.json.before"
}
