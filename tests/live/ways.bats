#!/usr/bin/env bats
# Ways round the gate that need more than one call, or something older than the
# gate: what dockerd makes of them shows whether they are closed.

load helpers

# pulled NAME: the local image NAME:1 has the digest of a registry, as a pull gives it.
pulled() {
	local store=$T/data/image/*/repositories.json
	jq --arg name "$1" --arg digest "$1@sha256:$(printf %064d 7)" \
		'.Repositories[$name][$digest] = .Repositories[$name][$name + ":1"]' \
		$store >"$T/repositories.json"
	cp "$T/repositories.json" $store
}

setup_file() {
	stack_init
	mv "$T/daemon.json" "$T/daemon.json.gated"
	echo '{}' >"$T/daemon.json"
	dockerd_up --experimental
	image nginx:1.27
	echo backup >"$T/rootfs/etc/what"
	image backup:1
	echo pulled >"$T/rootfs/etc/what"
	image pulled:1
	stop dockerd
	pulled backup
	pulled pulled
	dockerd_up --experimental
	# Behind the gate's back.
	"$DOCKER" create --name old-bind -v /usr:/h --network none nginx:1.27 true
	"$DOCKER" run -d --name old-net --network host nginx:1.27 sleep 900
	"$DOCKER" run -d --name old-pid --pid host --network none nginx:1.27 sleep 900
	"$DOCKER" tag nginx:1.27 evil.example.com/x:1
	"$DOCKER" create --name old-evil --network none evil.example.com/x:1 true
	echo other >"$T/rootfs/etc/other"
	image evil.example.com/other:1
	gate_up
	mv "$T/daemon.json.gated" "$T/daemon.json"
	kill -HUP "$(pid_of dockerd)"
	wait_for $DEADLINE_S is_gated
	export T PLUGIN SOCK GATE_SOCK STORE
}

teardown_file() {
	stack_down
}

is_gated() {
	[[ $(api GET /v1.20/info) == 403* ]]
}

# link_of CONTAINER NS: the namespace of a container that runs.
link_of() {
	readlink "/proc/$("$DOCKER" inspect -f '{{.State.Pid}}' "$1")/ns/$2"
}

running() {
	[ "$("$DOCKER" inspect -f '{{.State.Running}}' "$1")" = true ]
}

# in_force LINE: the policy of this file with one line more under containers.
in_force() {
	cp "$T/gatekeeper.yaml" "$T/good.yaml"
	sed -i "s|  profile: baseline|&\n  $1|" "$T/gatekeeper.yaml"
}

as_before() {
	cp "$T/good.yaml" "$T/gatekeeper.yaml"
	wait_for $DEADLINE_S "$DOCKER" run --rm --network none nginx:1.27 true
}

@test "another's bind is not taken over" {
	"$DOCKER" create --name heir --volumes-from old-bind --network none nginx:1.27 true
	denied containers.binds "$DOCKER" start heir
	! running heir
	"$DOCKER" rm heir
}

@test "the host's network is not taken over from another" {
	denied containers.network_mode "$DOCKER" run -d --name joined \
		--network container:old-net nginx:1.27 sleep 900
	! running joined
}

@test "the host's network is not had by its id" {
	local id
	id=$("$DOCKER" network inspect -f '{{.Id}}' host)
	"$DOCKER" run -d --name by-id --network "$id" nginx:1.27 sleep 900 || return 0
	[ "$(link_of by-id net)" != "$(readlink "/proc/$(pid_of dockerd)/ns/net")" ]
	"$DOCKER" rm -f by-id
}

@test "a container that holds the host is not entered" {
	denied containers.pid_mode "$DOCKER" exec old-pid true
}

@test "a container that holds the host is not let on" {
	"$DOCKER" pause old-pid
	denied containers.pid_mode "$DOCKER" unpause old-pid
	[ "$("$DOCKER" inspect -f '{{.State.Paused}}' old-pid)" = true ]
}

@test "an image of elsewhere gets no good name and does not run" {
	local id
	denied images.allow "$DOCKER" start old-evil
	! running old-evil
	id=$("$DOCKER" images -q --no-trunc evil.example.com/other:1)
	denied images.unresolved "$DOCKER" create --name evil-1 --network none "$id" true
	denied images.unresolved "$DOCKER" create --name evil-1 --network none "$(cut -c8-19 <<<"$id")" true
	denied images.allow "$DOCKER" create --name evil-1 --network none evil.example.com/other:1 true
	denied images.allow "$DOCKER" tag nginx:1.27 evil.example.com/y:1
	run "$DOCKER" image inspect evil.example.com/y:1
	[ "$status" -ne 0 ]
	run "$DOCKER" inspect evil-1
	[ "$status" -ne 0 ]
}

@test "an exception is not had by a tag" {
	local own other
	cp "$T/gatekeeper.yaml" "$T/good.yaml"
	cat >>"$T/gatekeeper.yaml" <<-'EOF'
		exceptions:
		  - {name: backup, owner: o, reason: r, until: 2099-01-31, waive: [containers.privileged],
		     match: {image: docker.io/library/backup}}
	EOF
	wait_for $DEADLINE_S "$DOCKER" create --name backup --privileged --network none backup:1 true
	# Whether this host can run it is not the gate's to say.
	own=$("$DOCKER" start backup 2>&1) || :
	"$DOCKER" rm -f backup
	"$DOCKER" tag pulled:1 backup:2
	run "$DOCKER" create --name forged --privileged --network none backup:2 true
	other=$output
	as_before
	echo "$own $other"
	[[ $own != *"denied by plugin"* ]]
	[[ $other == *"[containers.privileged]"* ]]
	run "$DOCKER" inspect forged
	[ "$status" -ne 0 ]
}

@test "root by a number that Go reads is root" {
	in_force "require_non_root: true"
	wait_for $DEADLINE_S sh -c "! $DOCKER create --user 0 --network none nginx:1.27 true"
	denied containers.user "$DOCKER" run --rm --user 0 --network none nginx:1.27 id -u
	run "$DOCKER" run --rm --user 1000 --network none nginx:1.27 id -u
	[ "$output" = 1000 ]
	local user said=()
	for user in +0 -0; do
		run "$DOCKER" run --rm "--user=$user" --network none nginx:1.27 id -u
		said+=("$output")
	done
	as_before
	printf '%s\n' "${said[@]}"
	[[ ${said[0]} == *"[containers.user]"* ]]
	[[ ${said[1]} == *"[containers.user]"* ]]
}

@test "an allowed prefix is not climbed out of" {
	local device cgroup
	mkdir -p "/dev/$PLUGIN"
	in_force "devices: {allow: [/dev/$PLUGIN/**]}\n  cgroup_parent: {allow: [/$PLUGIN/**]}"
	wait_for $DEADLINE_S "$DOCKER" create --cgroup-parent "/$PLUGIN/a" --network none nginx:1.27 true
	run create "{\"Image\":\"nginx:1.27\",\"HostConfig\":{\"Devices\":[{\"PathOnHost\":\"/dev/$PLUGIN/../zero\",\"PathInContainer\":\"/dev/z\",\"CgroupPermissions\":\"rwm\"}]}}"
	device=$output
	run create "{\"Image\":\"nginx:1.27\",\"HostConfig\":{\"CgroupParent\":\"/$PLUGIN/../other\"}}"
	cgroup=$output
	rmdir "/dev/$PLUGIN"
	as_before
	printf '%s\n' "$device" "$cgroup"
	[[ $device == "403 "*"containers.devices"* ]]
	[[ $cgroup == "403 "*"containers.cgroup_parent"* ]]
}

@test "a limit that is wanted is not taken away" {
	local said limit
	in_force "require_limits: [pids]"
	wait_for $DEADLINE_S sh -c "! $DOCKER create --network none nginx:1.27 true"
	"$DOCKER" run -d --name limited --pids-limit 10 --network none nginx:1.27 sleep 900
	run api POST /v1.41/containers/limited/update -H 'Content-Type: application/json' \
		--data-binary '{"PidsLimit":-1}'
	said=$output
	limit=$("$DOCKER" inspect -f '{{.HostConfig.PidsLimit}}' limited)
	as_before
	# What the docker command writes for --cpu-shares alone changes no other limit.
	in_force "require_limits: [memory]"
	wait_for $DEADLINE_S sh -c "! $DOCKER create --network none nginx:1.27 true"
	"$DOCKER" run -d --name limited2 --memory 64m --network none nginx:1.27 sleep 900
	"$DOCKER" update --cpu-shares 10 limited2
	[ "$("$DOCKER" inspect -f '{{.HostConfig.Memory}}' limited2)" = 67108864 ]
	as_before
	echo "$said, $limit"
	[[ $said == "403 "*"containers.resources"* ]]
	[ "$limit" = 10 ]
}

@test "checkpoints reach no folder of the host" {
	local at=/v1.41/containers/old-net/checkpoints
	mkdir -p "$T/private/leaked"
	echo '{}' >"$T/private/leaked/config.json"
	run api GET "$at?dir=$T/private"
	echo "$output"
	[[ $output == "403 "*"containers.checkpoint_dir"* ]]
	[[ $output != *leaked* ]]
	run api GET "$at?dir=$T/made"
	[[ $output == "403 "*"containers.checkpoint_dir"* ]]
	[ ! -e "$T/made" ]
	run api DELETE "$at/leaked?dir=$T/private"
	echo "$output"
	[[ $output == "403 "*"containers.checkpoint_dir"* ]]
	[ -e "$T/private/leaked/config.json" ]
	run api POST "$at" -H 'Content-Type: application/json' \
		--data-binary "{\"CheckpointID\":\"c\",\"checkpointdir\":\"$T/made\"}"
	[[ $output == "403 "*"containers.checkpoint_dir"* ]]
	[ ! -e "$T/made" ]
	"$DOCKER" create --name restored --network none nginx:1.27 true
	run api POST "/v1.41/containers/restored/start?checkpoint=leaked&checkpoint-dir=$T/private" \
		-H 'Content-Length: 0'
	[[ $output == "403 "*"containers.checkpoint_dir"* ]]
	# One edit away, it is dockerd that speaks.
	run api DELETE "$at/leaked"
	echo "$output"
	[[ $output != 403* ]]
}

# form PATH BODY [CURL-ARGS...]: dockerd goes by the first type, the plugin is told
# the last.
form() {
	local path=$1 body=$2
	shift 2
	api POST "$path" -H 'Content-Type: application/x-www-form-urlencoded' \
		-H 'Content-Type: text/plain' --data-binary "$body" "$@"
}

@test "a form hidden by a second type decides nothing" {
	local path
	"$DOCKER" create --name formed --network none nginx:1.27 true
	for path in '/v1.41/images/nginx:1.27/tag?repo=nginx&tag=2' \
		'/v1.41/containers/formed/rename?name=other' \
		'/v1.41/containers/old-net/kill?signal=CONT' \
		'/v1.41/plugins/x/disable?force=0' \
		'/v1.41/images/create?fromImage=nginx&tag=1.27'; do
		run form "$path" 'repo=evil.example.com/z&name=taken&signal=KILL&tag=1&fromImage=evil.invalid/x'
		echo "$path: $output"
		[[ $output == "403 "*"gate.body_unexpected"* ]]
		run form "$path" 'name=taken' -H 'Transfer-Encoding: chunked'
		echo "$path: $output"
		[[ $output == "403 "*"gate.body_unexpected"* ]]
	done
	running old-net
	[ "$("$DOCKER" inspect -f '{{.Name}}' formed)" = /formed ]
	run "$DOCKER" image inspect evil.example.com/z:1
	[ "$status" -ne 0 ]
}

@test "a form without a type is no form" {
	run api POST '/v1.41/images/nginx:1.27/tag?repo=nginx&tag=untyped' -H 'Content-Type:' \
		-H 'Transfer-Encoding: chunked' --data-binary 'repo=evil.example.com/u&tag=1'
	echo "$output"
	[[ $output == 201* ]]
	run api POST '/v1.41/commit?container=old-bind&repo=nginx&tag=untyped2' -H 'Content-Type:' \
		-H 'Transfer-Encoding: chunked' --data-binary 'repo=evil.example.com/u&tag=2'
	echo "$output"
	[[ $output == 4* ]]
	run "$DOCKER" images --format '{{.Repository}}:{{.Tag}}'
	[[ $output == *nginx:untyped* ]]
	[[ $output != *evil.example.com/u* ]]
}

@test "what clients write where no body is defined is let through" {
	local id
	id=$("$DOCKER" create --name bodied --network none nginx:1.27 sleep 900)
	json() {
		run api "$1" "$2" -H 'Content-Type: application/json' --data-binary "$3"
		echo "$2: $output"
	}
	json POST "/v1.41/containers/$id/start" '{"Privileged":true}'
	[[ $output == "403 "*"gate.body_unexpected"* ]]
	json POST "/v1.41/containers/$id/start" '{}'
	[[ $output == 204* ]]
	json POST "/v1.41/containers/$id/rename?name=bodied2" '{"name":"other"}'
	[[ $output == 204* ]]
	[ "$("$DOCKER" inspect -f '{{.Name}}' "$id")" = /bodied2 ]
	json POST '/v1.41/images/nginx:1.27/tag?repo=nginx&tag=bodied' '{"repo":"evil.example.com/b"}'
	[[ $output == 201* ]]
	# As Docker's own examples have it: no body, no length, no type.
	run curl -sS -m 30 --unix-socket "$SOCK" -w '%{http_code}' -X POST \
		"http://d/v1.41/containers/$id/stop?t=0"
	[ "$output" = 204 ]
	json DELETE "/v1.41/containers/$id" '{"force":true}'
	[[ $output == 204* ]]
}

@test "a form hidden in an import pulls nothing" {
	run form '/v1.41/images/create?fromImage=nginx&tag=1.27&fromSrc=-' \
		'fromImage=127.0.0.1:1/x&tag=1'
	echo "$output"
	[[ $output == "403 "*"gate.body_unexpected"* ]]
}

@test "a form in chunks does not turn a commit or a push" {
	run form '/v1.41/commit?container=old-bind&repo=nginx&tag=3' \
		'repo=evil.example.com/c&tag=1' -H 'Transfer-Encoding: chunked'
	echo "$output"
	[[ $output == 4* ]]
	run "$DOCKER" image inspect evil.example.com/c:1
	[ "$status" -ne 0 ]
	run form '/v1.41/images/registry.example.com/team/a/push?tag=1' 'tag=2' \
		-H 'Transfer-Encoding: chunked' -H 'X-Registry-Auth: e30='
	echo "$output"
	[[ $output == "403 "* ]]
}

@test "a fragment or another host's name hides no call" {
	local path
	for path in '/v1.41/services/create?x=#%zz' '/v1.41/swarm/init?x=#%zz' \
		'/v1.41/plugins/x/set?x=#%zz' '/v1.41/secrets/create?x=#%zz'; do
		run api POST /x -H 'Content-Type: application/json' --request-target "$path" \
			--data-binary '{"ListenAddr":"127.0.0.1:2377"}'
		echo "$path: $output"
		[[ $output == "403 "*"gate.uri"* ]]
	done
	for path in http://evil/v1.41/containers/create xyz://h/v1.41/containers/create \
		HTTP://a@b/v1.41/containers/create http:///v1.41/containers/create; do
		run api POST /x -H 'Content-Type: application/json' --request-target "$path" \
			--data-binary '{"Image":"nginx:1.27","HostConfig":{"Privileged":true}}'
		echo "$path: $output"
		[[ $output == "403 "*"containers.privileged"* ]]
	done
	[ "$("$DOCKER" info -f '{{.Swarm.LocalNodeState}}')" = inactive ]
}

@test "what dockerd sends when it repeats a request is refused" {
	local body
	for body in '' '{' '[]' '{"RequestMethod":"POST"}'; do
		run curl -sS -m 30 --unix-socket "$GATE_SOCK" -X POST --data-binary "$body" \
			http://plugin/AuthZPlugin.AuthZReq
		echo "$body: $output"
		[ "$(jq -r .Allow <<<"$output")" = false ]
		[[ $(jq -r .Msg <<<"$output") == "[gate.request]"* ]]
	done
}

@test "the password of a login is nowhere on the disk" {
	api POST /v1.41/auth -H 'Content-Type: application/json' \
		--data-binary '{"username":"anna","password":"hunter2secret","serveraddress":"127.0.0.1:1"}'
	wait_for $DEADLINE_S sh -c "sqlite3 -readonly $STORE \
		\"select 1 from decisions where endpoint = 'system.auth'\" | grep 1"
	! grep -aq hunter2secret "$STORE" "$STORE-wal" "$T/gate.log"
}

@test "the passwords of addresses and lines are nowhere on the disk" {
	local at
	for at in '/v1.41/build?t=app:1&remote=https://anna:hunter3secret@h/x.tar?t=hunter3secret' \
		'/v1.41/images/create?fromImage=anna:hunter3secret@r.io/app&tag=1' \
		'/v1.41/images/create?fromSrc=https://anna:hunter3secret@h/x.tar&repo=app' \
		'/v1.41/images/anna%3Ahunter3secret%40r.io/app/tag?repo=nginx&tag=4' \
		'/v1.41/commit?container=old-bind&repo=evil.example.com/x&changes=ENV%20A=1%20%5C%0A%20C=hunter3secret' \
		'/v1.41/build?t=app:1&version=2&outputs=%5B%7B%22Attrs%22:%7B%22name%22:%22evil.example.com/x:1%22,%22token%22:%22hunter3secret%22%7D%7D%5D'; do
		run api POST "$at" -H 'Content-Length: 0'
		echo "$output"
		[[ $output == 4* ]]
	done
	api POST '/v1.41/commit?container=none&repo=nginx&tag=1' -H 'Content-Type: application/json' \
		--data-binary '{"OnBuild":["ENV C=hunter3secret"]}'
	wait_for $DEADLINE_S sh -c "sqlite3 -readonly $STORE \
		\"select 1 from decisions where uri like '%container=none%'\" | grep 1"
	[ "$(sql "select count(*) from security_alerts where alert_type = 'build.remote'")" -ge 2 ]
	! grep -aq hunter3secret "$STORE" "$STORE-wal" "$T/gate.log"
}

@test "a service gets no network of the host" {
	local id
	sed -i 's/^api: .*/api: {plugins: deny, swarm: allow}/' "$T/gatekeeper.yaml"
	wait_for $DEADLINE_S "$DOCKER" swarm init --advertise-addr 127.0.0.1 \
		--listen-addr 127.0.0.1:12377 --data-path-port 4799
	[ "$("$DOCKER" info -f '{{.Swarm.LocalNodeState}}')" = active ]
	[ -z "$("$DOCKER" service ls -q)" ]
	run api POST /v1.41/services/create -H 'Content-Type: application/json' --data-binary \
		'{"Name":"s","TaskTemplate":{"ContainerSpec":{"Image":"nginx:1.27","Command":["sleep","900"]},"Networks":[{"Target":"host"}]}}'
	echo "$output"
	[[ $output == "403 "*"containers.network_mode"* ]]
	[ -z "$("$DOCKER" service ls -q)" ]
}
