#!/usr/bin/env bats
# The gate in front of a real dockerd.

load helpers

setup_file() {
	stack_init
	gate_up
	dockerd_up
	image nginx:1.27
	image registry.example.com/team/app:1.4.2
	export T PLUGIN SOCK GATE_SOCK STORE
}

teardown_file() {
	stack_down
}

# dockerd alone answers this old version; `docker info` lists what the file
# says, not what is asked.
is_gated() {
	[[ $(api GET /v1.20/info) == 403* ]]
}

@test "the dockerd of these tests leaves the network of the host alone" {
	[ "$(readlink "/proc/$(pid_of dockerd)/ns/net")" != "$(readlink /proc/self/ns/net)" ]
}

@test "docker run of a pinned, allowed image works unchanged" {
	run "$DOCKER" run --rm --network none nginx:1.27 echo hello
	[ "$status" -eq 0 ]
	[ "$output" = hello ]
}

@test "docker run nginx is refused in one line that says what to do" {
	denied images.require_tag "$DOCKER" run --rm --network none nginx
	[[ $output == *"pin a version, for example NAME:1.27"* ]]
	denied images.forbid_tags "$DOCKER" run --rm --network none nginx:latest
}

@test "a privileged container and a mount of the host are refused" {
	denied containers.privileged "$DOCKER" run --rm --privileged --network none nginx:1.27 true
	denied containers.binds "$DOCKER" run --rm -v /:/host --network none nginx:1.27 true
	denied containers.binds "$DOCKER" run --rm -v "$SOCK:/s" --network none nginx:1.27 true
	denied containers.network_mode "$DOCKER" run --rm --network host nginx:1.27 true
	nothing_forbidden_exists
}

@test "an allowed bind works, a link out of it does not" {
	echo inside >"$T/binds/ok/file"
	run "$DOCKER" run --rm --network none -v "$T/binds/ok:/data:ro" nginx:1.27 cat /data/file
	[ "$output" = inside ]
	ln -sfn /usr "$T/binds/out"
	denied containers.binds "$DOCKER" run --rm --network none -v "$T/binds/out:/data" nginx:1.27 true
	denied containers.binds "$DOCKER" run --rm --network none -v "$T/binds/../../../usr:/data" nginx:1.27 true
	nothing_forbidden_exists
}

@test "raw spellings of a privileged create do not get past" {
	local evil='{"Image":"nginx:1.27","HostConfig":{"Privileged":true}}'
	local path
	for path in /v1.41/%63ontainers/%63reate /v1.41/containers%2fcreate \
		/containers/create /v1.24/containers/create /v01.041/containers/create \
		'/v1.41/containers/create?x=1'; do
		run api POST "$path" -H 'Content-Type: application/json' --data-binary "$evil"
		echo "$path: $output"
		[[ $output == "403 "*"containers.privileged"* ]]
	done
	run api POST '/v1.41/containers/create?x=#%zz' -H 'Content-Type: application/json' \
		--request-target '/v1.41/containers/create?x=#%zz' --data-binary "$evil"
	[[ $output != 201* ]]
	nothing_forbidden_exists
}

@test "bodies that two parsers could read differently do not get past" {
	local evil body
	while IFS= read -r body; do
		run create "$body"
		echo "$body -> $output"
		[[ $output == 4* ]]
	done <<-'EOF'
		{"Image":"nginx:1.27","hostconfig":{"privileged":true}}
		{"Image":"nginx:1.27","HostConfig":{"Privileged":true},"HostConfig":{}}
		{"Image":"nginx:1.27","HostConfig":{"Privileged":true},"HostConfig":null}
		{"Image":"nginx:1.27","HostConfig":{"Privileged":true,"Privileged":null}}
		{"Image":"nginx:1.27","HostConfig":{"\u0050rivileged":true}}
		{"Image":"nginx:1.27","HostConfig":{"Privileged":true},"HostConfig\u0000x":{}}
		{"Image":"nginx:1.27","HostConfig":{"Bind\u017f":["/etc:/h"]}}
		{"Image":"nginx:1.27","HostConfig":{"Mounts":[{"Type":"bind","Source":"/etc"}],"Mounts":[{"Target":"/h"}]}}
		{"Image":"nginx:1.27","Privileged":true,"Binds":["/etc:/h"]}
		{"Image":"nginx:1.27","HostConfig":{"CapAdd":"SYS_ADMIN"}}
		{"Image":"nginx:1.27","HostConfig":{"Privileged":true}}{"Image":"nginx:1.27"}
		{"Image":"nginx:1.27","HostConfig":{"Binds":[null,"/etc:/h"]}}
		{"Image":"nginx:1.27","HostConfig":{"Mounts":[{"Type":"volume","Target":"/h","VolumeOptions":{"DriverConfig":{"Options":{"type":"none","o":"bind","device":"/etc"}}}}]}}
		{"Image":"nginx:1.27","HostConfig":{"SecurityOpt":["seccomp:unconfined"]}}
		{"Image":"nginx:1.27","HostConfig":{"MaskedPaths":[]}}
		{"Image":"nginx:1.27","HostConfig":{"PidMode":"host"}}
	EOF
	nothing_forbidden_exists
}

@test "a body that dockerd keeps from plugins is refused" {
	{
		printf '{"Image":"nginx:1.27","HostConfig":{"Privileged":true}'
		head -c 1100000 /dev/zero | tr '\0' ' '
		printf '}'
	} >"$T/big.json"
	run api POST /v1.41/containers/create -H 'Content-Type: application/json' \
		--data-binary "@$T/big.json"
	echo "$output"
	[[ $output == "403 "*"gate.body_missing"* ]]
	run api POST /v1.41/containers/create -H 'Content-Type: application/json' \
		-H 'Transfer-Encoding: chunked' --data-binary "@$T/big.json"
	[[ $output == "403 "*"gate.body_missing"* ]]
	# dockerd goes by the first of two types, the plugin is told the last.
	run create '{"Image":"nginx:1.27","HostConfig":{"Privileged":true}}' \
		-H 'Content-Type: text/plain'
	[[ $output == "403 "*"containers.privileged"* ]]
	nothing_forbidden_exists
}

@test "a form in the body cannot override a query" {
	run api POST '/v1.41/images/create?fromImage=nginx&tag=1.27' \
		--data 'fromImage=evil.example.com/x&tag=1'
	echo "$output"
	[[ $output == "403 "*"gate.body_unexpected"* ]]
	run api POST '/v1.41/images/nginx:1.27/tag?repo=nginx&tag=2' \
		-H 'Content-Type: application/x-www-form-urlencoded' -H 'Content-Type: text/plain' \
		--data 'repo=evil.example.com/x&tag=1'
	[[ $output == "403 "*"gate.body_unexpected"* ]]
}

@test "old APIs, fragments and unknown calls are refused" {
	run api POST /v1.23/containers/x/start -H 'Content-Type: application/json' \
		--data-binary '{"Privileged":true}'
	[[ $output == "403 "*"gate.api_version"* ]]
	run api POST /v1.41/swarm/init -H 'Content-Type: text/plain' --data-binary '{}'
	[[ $output == 403* ]]
}

@test "a container from before the gate meets it at start, restart and exec" {
	local id exec
	# Behind the gate's back: dockerd restarted without the plugin.
	stop dockerd
	mv "$T/daemon.json" "$T/daemon.json.gated"
	echo '{}' >"$T/daemon.json"
	dockerd_up
	"$DOCKER" create --name old-priv --privileged --network none nginx:1.27 sleep 60
	"$DOCKER" volume create --opt type=none --opt o=bind --opt device=/usr hostusr
	"$DOCKER" create --name old-vol -v hostusr:/h --network none nginx:1.27 sleep 60
	"$DOCKER" run -d --name old-exec --network none nginx:1.27 sleep 300
	"$DOCKER" run -di --name old-bind -v /usr:/h --network none nginx:1.27 sh
	"$DOCKER" run -d --name old-host --network host nginx:1.27 sleep 300
	exec=$(curl -sS --unix-socket "$SOCK" -H 'Content-Type: application/json' \
		-d '{"Privileged":true,"Cmd":["id"]}' http://d/containers/old-exec/exec | jq -r .Id)
	[ -n "$exec" ]
	# SIGHUP wires the gate without losing the exec.
	mv "$T/daemon.json.gated" "$T/daemon.json"
	kill -HUP "$(pid_of dockerd)"
	wait_for $DEADLINE_S is_gated

	denied containers.privileged "$DOCKER" start old-priv
	denied containers.privileged "$DOCKER" restart old-priv
	denied containers.volumes "$DOCKER" start old-vol
	run api POST "/v1.41/exec/$exec/start" -H 'Content-Type: application/json' \
		--data-binary '{"Detach":true}'
	echo "$output"
	[[ $output == "403 "*"exec.privileged"* ]]
	denied exec.privileged "$DOCKER" exec --privileged old-exec id
	run "$DOCKER" exec old-exec echo inside
	[ "$output" = inside ]
	# Nobody gets the host's network through it.
	denied containers.network_mode "$DOCKER" create --name new-host \
		--network container:old-host nginx:1.27 true
	[ -z "$("$DOCKER" ps -aqf name=new-host)" ]
	# One that runs is worth to who reaches into it what it is.
	denied containers.binds "$DOCKER" exec old-bind ls /h
	denied containers.binds "$DOCKER" cp old-bind:/h/bin/env "$T/env"
	run api POST '/v1.41/containers/old-bind/attach?stream=1&stdin=1' -H 'Content-Length: 0'
	[[ $output == "403 "*"containers.binds"* ]]
	"$DOCKER" pause old-bind
	denied containers.binds "$DOCKER" unpause old-bind
	"$DOCKER" rm -f old-priv old-vol old-exec old-bind old-host
}

@test "a network is joined at its owner, not through one that joined it" {
	"$DOCKER" run -d --name owner --network none nginx:1.27 sleep 300
	"$DOCKER" run -d --name joiner --network container:owner nginx:1.27 sleep 300
	denied containers.network_mode "$DOCKER" create --name third \
		--network container:joiner nginx:1.27 true
	[ -z "$("$DOCKER" ps -aqf name=third)" ]
	"$DOCKER" rm -f owner joiner
}

@test "many starts at once do not wait for each other" {
	local i pids=()
	for i in $(seq 24); do
		"$DOCKER" create --name par$i --network none nginx:1.27 true >/dev/null
	done
	for i in $(seq 24); do
		timeout 60 "$DOCKER" start par$i >/dev/null 3>&- &
		pids+=($!)
	done
	for i in "${pids[@]}"; do
		wait "$i"
	done
	for i in $(seq 24); do
		"$DOCKER" rm -f par$i >/dev/null
	done
}

@test "an image by id is judged by its names" {
	local id
	id=$("$DOCKER" images -q --no-trunc nginx:1.27)
	run "$DOCKER" run --rm --network none "$id" echo by-id
	[ "$output" = by-id ]
	run "$DOCKER" run --rm --network none "$(cut -c8-19 <<<"$id")" echo by-short-id
	[ "$output" = by-short-id ]
}

@test "every decision is in the store, with what became of it" {
	local id row
	id=$("$DOCKER" create --network none -e TOKEN=hunter2 --name recorded nginx:1.27 true)
	# The outcome comes with AuthZRes, a moment later.
	wait_for $DEADLINE_S sh -c "sqlite3 -readonly $STORE \
		\"select 1 from decisions where container = '$id' and status = 201\" | grep 1"
	row=$(sql "select request from decisions where container = '$id'")
	echo "$row"
	[[ $row == *"TOKEN=[redacted]"* ]]
	[[ $row != *hunter2* ]]
	[ -z "$(strings "$STORE" "$STORE-wal" 2>/dev/null | grep hunter2)" ]
	[ "$(sql "select count(*) from security_alerts where alert_type = 'containers.privileged'")" -ge 1 ]
	"$DOCKER" rm recorded
}

@test "the gate answers again after kill -9, and goes on with its record" {
	local before after
	stop gate KILL
	before=$(sql 'select count(*) from decisions')
	gate_up
	run "$DOCKER" ps
	[ "$status" -eq 0 ]
	after=$(sql 'select count(*) from decisions')
	[ "$after" -gt "$before" ]
}

@test "a new policy file is in force without a restart, a bad one is not" {
	cp "$T/gatekeeper.yaml" "$T/good.yaml"
	sed -i 's/forbid_words: \[exploit\]/forbid_words: [nginx]/' "$T/gatekeeper.yaml"
	wait_for $DEADLINE_S sh -c "! $DOCKER create --network none nginx:1.27 true"
	denied images.forbid_words "$DOCKER" create --network none nginx:1.27 true
	echo 'containers: {privilegedd: allow}' >>"$T/gatekeeper.yaml"
	wait_for $DEADLINE_S grep -q "the policy in force stays" "$T/gate.log"
	denied images.forbid_words "$DOCKER" create --network none nginx:1.27 true
	cp "$T/good.yaml" "$T/gatekeeper.yaml"
	wait_for $DEADLINE_S "$DOCKER" run --rm --network none nginx:1.27 true
}

@test "a locked store denies what changes state, lets reads pass, and recovers" {
	lock_store
	denied gate.store "$DOCKER" create --network none nginx:1.27 true
	run "$DOCKER" ps
	[ "$status" -eq 0 ]
	unlock_store
	wait_for $DEADLINE_S "$DOCKER" run --rm --network none nginx:1.27 true
	sql 'select id, rule, verdict, endpoint from decisions order by id desc limit 8'
	[ "$(sql "select count(*) from decisions where rule = 'gate.store'")" -ge 1 ]
}

@test "the gate has dropped what it does not need" {
	local status
	status=$(cat "/proc/$(pid_of gate)/status")
	echo "$status"
	[[ $status == *$'NoNewPrivs:\t1'* ]]
	[[ $status == *$'Seccomp:\t2'* ]]
	[[ $status == *$'CapEff:\t0000000000000004'* ]]
	[ "$(awk '/^Uid:/ {print $2}' <<<"$status")" -ne 0 ]
}
