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
	stop second
	rm -f "/run/docker/plugins/$PLUGIN-other.sock"
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

@test "status names who locks the store" {
	local locker
	lock_store
	locker=$LOCK_PID
	run ctl status
	unlock_store
	echo "$output"
	[ "$status" -eq 3 ]
	[[ $output == *"store "*locked*"locked by process $locker (sqlite3)"* ]]
	[[ $output == *"dockerd "*gated* && $output != *"setup docker"* ]]
	wait_for 20 ctl status
}

@test "status says that dockerd waits for a gate that is dead" {
	stop gate KILL
	run ctl status
	echo "$output"
	[ "$status" -eq 7 ]
	[[ $output == *"nothing answers on $GATE_SOCK"*"dockerd asks it"*"systemctl start aegis-authz"* ]]
	[[ $output != *hangs\;* ]]
	[ "$(ctl status -o json | jq -r .dockerd.wired)" = file ]
	gate_up
	wait_for 40 ctl status
}

@test "status does not call bad what it may not see" {
	chmod 0711 "$T"
	chmod 0600 "$STORE"
	run setpriv --reuid=12345 --regid=12345 --clear-groups \
		"$BUILD/aegis-ctl" -c "$T/aegis.yaml" status
	echo "$output"
	[ "$status" -eq 3 ]
	[ "$(grep -c '^problem:' <<<"$output")" -eq 1 ]
	[[ $output == *"run: sudo aegis-ctl status"* ]]
	[ "$(grep -c 'not known' <<<"$output")" -ge 3 ]
}

@test "status tells what the policy file is now" {
	cp "$T/gatekeeper.yaml" "$T/good.yaml"
	rm "$T/gatekeeper.yaml"
	run ctl status
	echo "$output"
	[ "$status" -eq 3 ]
	[[ $output == *"policy "*missing*"$T/gatekeeper.yaml is not there; revision "*" stays in force"* ]]
	: >"$T/gatekeeper.yaml"
	run ctl status
	echo "$output"
	[ "$status" -eq 3 ]
	[ "$(grep -c '"version: 1"' <<<"$output")" -eq 1 ]
	cat "$T/good.yaml" >"$T/gatekeeper.yaml"
	wait_for 10 ctl status
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

# explain COMMAND...: of the client's command line.
explain() {
	run timeout 60 "$BUILD/aegis-ctl" policy explain -- "$@"
	echo "$output"
}

@test "explain says of streams and copies what the gate would" {
	"$DOCKER" create --name copied --network none nginx:1.27 true
	"$DOCKER" start -a copied
	explain "$DOCKER" events
	[ "$status" -eq 0 ]
	[[ $output == "allowed: system.events"* && $output != *note:* ]]
	explain "$DOCKER" stats copied
	[ "$status" -eq 0 ]
	[[ $output == "allowed: container.stats"* ]]
	explain "$DOCKER" logs -f copied
	[[ $output == "allowed: container.logs"* ]]
	# Into a folder: only what dockerd says of the path tells that it is one.
	printf 'version: 1\narchive: {allow: [/tmp]}\n' >"$T/archive.yaml"
	run ctl policy explain --policy "$T/archive.yaml" -- "$DOCKER" cp /etc/hostname copied:/tmp
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $output == "allowed: container.archive_put"* ]]
	explain "$DOCKER" cp copied:/etc "$T/copied"
	[ "$status" -eq 0 ]
	[[ $output == "allowed: container.archive_get"* ]]
	[ ! -e "$T/copied" ]
	"$DOCKER" rm copied
}

@test "explain says why it cannot say more" {
	explain "$DOCKER" rnu nginx:1.27
	[ "$status" -eq 64 ]
	[[ $output == *"did you mean 'run'?"* ]]
	explain "$DOCKER" logs nobody
	[ "$status" -eq 1 ]
	[[ $output == *"No such container"*"ended with an error"* ]]
	PATH=/nonexistent run "$BUILD/aegis-ctl" policy explain -- docker ps
	echo "$output"
	[ "$status" -eq 4 ]
	[[ $output == *"docker: No such file or directory; install the docker client"* ]]
	chmod 0711 "$T"
	chmod 0660 "$SOCK"
	run setpriv --reuid=12345 --regid=12345 --clear-groups \
		"$BUILD/aegis-ctl" -c "$T/aegis.yaml" policy explain -- "$DOCKER" run nginx:1.27
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $output == *"you may not ask dockerd on $SOCK"*"sudo aegis-ctl policy explain"* ]]
	[ "$(ctl policy explain -o json -- "$DOCKER" run nginx:1.27 | jq -c '[.rule, .field, .message]')" = '[null,null,null]' ]
}

@test "validate points at the mistake" {
	printf 'version: 1\nimages:\n  alow: [nginx]\n' >"$T/bad.yaml"
	run ctl policy validate "$T/bad.yaml"
	echo "$output"
	[ "$status" -eq 65 ]
	[[ $output == *"bad.yaml:3:3:"*"allow"* ]]
	run ctl policy validate "$T/gatekeeper.yaml"
	[ "$status" -eq 0 ]
	[[ $output != *warning* ]]
	cat >"$T/claims.yaml" <<-'EOF'
		version: 1
		exceptions:
		  - {name: any, owner: o, reason: r, until: 2027-01-31, match: {label: a}, waive: [exec]}
		  - {name: one, owner: o, reason: r, until: 2027-01-31, match: {label: a, user: b}, waive: [exec]}
	EOF
	run ctl policy validate "$T/claims.yaml"
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $output == *'claims.yaml:3: warning: the exception "any"'* ]]
	[[ $output != *'"one"'* ]]
}

@test "validate reads standard input, and points out exceptions" {
	run ctl policy validate - <"$T/gatekeeper.yaml"
	echo "$output"
	[ "$status" -eq 0 ]
	exception() {
		echo "  - {name: $1, owner: o, reason: r, until: $2, match: {user: a}, waive: [containers.binds]}"
	}
	{
		printf 'version: 1\nexceptions:\n'
		exception old 2020-01-31
		exception twin 2099-01-31
		exception twin 2099-01-31
	} >"$T/exceptions.yaml"
	run ctl policy validate "$T/exceptions.yaml"
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $output == *"exceptions.yaml:3: warning: the exception \"old\" has expired"* ]]
	[[ $output == *"exceptions.yaml:5: warning: the exception \"twin\" has the name of that in line 4"* ]]
	[ "$(ctl policy validate -o json "$T/exceptions.yaml" | jq '.[0].warnings | length')" -eq 2 ]
	run ctl policy validate - <<<'version: 2'
	[ "$status" -eq 65 ]
	[[ $output == *"standard input:1:10:"* ]]
}

@test "tables say nothing twice, and --no-trunc says all" {
	local id
	id=$("$DOCKER" create --network none nginx:1.27 true)
	"$DOCKER" rm "$id"
	run ctl decisions
	[[ $output == *containers.privileged* && $output != *"[containers.privileged]"* ]]
	[[ $output == *"${id:0:12}"* && $output != *"$id"* ]]
	run ctl decisions --no-trunc
	[[ $output == *"[containers.privileged]"* && $output == *"$id"* ]]
	id=$(ctl decisions -o json --verdict deny -n 1 | jq '.[0].id')
	ctl decisions show "$id" | grep '^status .*403'
}

@test "names that are none are not looked for" {
	run ctl decisions --rule containers.privilegd
	echo "$output"
	[ "$status" -eq 64 ]
	[[ $output == *"did you mean 'containers.privileged'?"* ]]
	run ctl decisions --endpoint container.craete
	echo "$output"
	[ "$status" -eq 64 ]
	[[ $output == *"did you mean 'container.create'?"* ]]
	ctl decisions --rule containers.privileged --endpoint container.create
}

@test "help knows groups, and completion values" {
	for args in "help policy" "policy -h" "policy --help"; do
		# shellcheck disable=SC2086
		run ctl $args
		echo "$output"
		[ "$status" -eq 0 ]
		[[ $output == *"policy explain"*"policy test"* ]]
	done
	run ctl help setup
	[[ $output == *"setup docker"* ]]
	run "$BUILD/aegis-ctl" -V
	[[ $output == "aegis-ctl "* ]]
	run bash -c "source <('$BUILD/aegis-ctl' completion bash)
		COMP_WORDS=(aegis-ctl decisions --rule images.allo) COMP_CWORD=3; _aegis_ctl; echo \"\${COMPREPLY[@]}\"
		COMP_WORDS=(aegis-ctl decisions --rul) COMP_CWORD=2; _aegis_ctl; echo \"\${COMPREPLY[@]}\""
	echo "$output"
	[ "$output" = $'images.allow\n--rule' ]
}

@test "output that does not arrive is a failure with its reason" {
	for args in "decisions" "decisions -o json" "status" "help" "policy validate" "version"; do
		# shellcheck disable=SC2086
		run sh -c '"$0" -c "$1" $2 2>&1 >/dev/full' "$BUILD/aegis-ctl" "$T/aegis.yaml" "$args"
		echo "$args: $output"
		[ "$status" -eq 1 ]
		[[ $output == *"standard output: No space left on device"* ]]
	done
	run sh -c '"$0" -c "$1" decisions 2>&1 >&-' "$BUILD/aegis-ctl" "$T/aegis.yaml"
	[ "$status" -eq 1 ]
	[[ $output == *"standard output: Bad file descriptor"* ]]
	timeout 10 "$BUILD/aegis-ctl" -c "$T/aegis.yaml" decisions -f -o json -n 1 | head -n 1 | jq -e .id
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

# setup_docker ARGS...: of the private dockerd.
setup_docker() {
	ctl setup docker --daemon-json "$T/daemon.json" --pidfile "$T/docker.pid" "$@"
}

@test "setup docker does not kill a dockerd over another plugin of the list" {
	local dockerd other=$PLUGIN-other second
	dockerd=$(pid_of dockerd)
	echo "{\"authorization-plugins\": [\"$other\"]}" >"$T/daemon.json"
	cp "$T/daemon.json" "$T/daemon.json.before"
	run setup_docker -y
	echo "$output"
	[ "$status" -eq 7 ]
	[[ $output == *"\"$other\""*"nothing was changed"* ]]
	cmp "$T/daemon.json" "$T/daemon.json.before"

	# One that a file names, and nobody listens where it points to.
	mkdir -p /usr/lib/docker/plugins
	echo "unix:///nonexistent/$other.sock" >"/usr/lib/docker/plugins/$other.spec"
	run setup_docker -y
	rm -f "/usr/lib/docker/plugins/$other.spec"
	rmdir --ignore-fail-on-non-empty -p /usr/lib/docker/plugins
	echo "$output"
	[ "$status" -eq 7 ]
	[[ $output == *"/nonexistent/$other.sock"* ]]

	# One that answers is no hindrance, either way; dead, it is one for --remove.
	sed "s,$STORE,$T/other.db,; s,$GATE_SOCK,/run/docker/plugins/$other.sock," \
		"$T/aegis.yaml" >"$T/other.yaml"
	"$BUILD/aegis-authz" -c "$T/other.yaml" >>"$T/other.log" 2>&1 3>&- &
	second=$!
	echo $second >"$T/second.pid"
	wait_for $DEADLINE_S test -S "/run/docker/plugins/$other.sock"
	run setup_docker -y
	echo "$output"
	[ "$status" -eq 0 ]
	ctl status -o json | jq -e .dockerd.gated
	kill -STOP "$second"
	run setup_docker --remove -y
	kill -CONT "$second"
	echo "$output"
	[ "$status" -eq 7 ]
	run setup_docker --remove -y
	echo "$output"
	[ "$status" -eq 0 ]
	jq -e --arg o "$other" '."authorization-plugins" == [$o]' "$T/daemon.json"
	kill -0 "$dockerd"
	echo '{"debug": false}' >"$T/daemon.json"
	kill -HUP "$dockerd"
	stop second
	rm -f "/run/docker/plugins/$other.sock"
	wait_for 20 "$DOCKER" version
}

@test "setup docker makes no file but the one that dockerd reads by itself" {
	for args in "-y" "--dry-run" "--remove -y"; do
		# shellcheck disable=SC2086
		run ctl setup docker --daemon-json "$T/none/d.json" $args
		echo "$output"
		[ "$status" -eq 4 ]
		[ ! -e "$T/none" ]
	done
	ln -s "$T/nowhere.json" "$T/link.json"
	run ctl setup docker --daemon-json "$T/link.json" -y
	echo "$output"
	[ "$status" -eq 4 ]
	[[ $output == *"is a link to $T/nowhere.json"* ]]
	[ -L "$T/link.json" ]
}

@test "setup docker asks for root before it asks anything else" {
	chmod 0711 "$T"
	for args in "" "--remove"; do
		# shellcheck disable=SC2086
		run setpriv --reuid=12345 --regid=12345 --clear-groups \
			"$BUILD/aegis-ctl" -c "$T/aegis.yaml" setup docker \
			--daemon-json "$T/daemon.json" --pidfile "$T/docker.pid" $args
		echo "$output"
		[ "$status" -eq 1 ]
		[[ $output == *"needs root: sudo aegis-ctl setup docker${args:+ $args}" ]]
	done
}

@test "setup docker refuses when the gate does not answer" {
	stop gate
	cp "$T/daemon.json" "$T/daemon.json.before"
	run ctl setup docker -y --daemon-json "$T/daemon.json" --pidfile "$T/docker.pid"
	echo "$output"
	[ "$status" -eq 7 ]
	cmp "$T/daemon.json" "$T/daemon.json.before"
}

@test "the manual page is what the commands say of themselves" {
	diff <("$BUILD/aegis-ctl" help --man) "$ROOT/ctl/aegis-ctl.1"
}
