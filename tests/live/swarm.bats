#!/usr/bin/env bats
# Services on a real manager: what swarm would do with them after the gate.

load helpers

setup_file() {
	stack_init
	sed -i 's/^api: .*/api: {plugins: deny, swarm: allow}/' "$T/gatekeeper.yaml"
	gate_up
	dockerd_up
	image nginx:1.27
	"$DOCKER" swarm init --advertise-addr 127.0.0.1 --listen-addr 127.0.0.1:23771
	export T PLUGIN SOCK GATE_SOCK STORE
}

teardown_file() {
	timeout 60 "$DOCKER" swarm leave --force
	stack_down
}

# service NAME TASK-MEMBERS [SPEC-MEMBERS]: raw, as `docker` does not write it.
service() {
	api POST /v1.41/services/create -H 'Content-Type: application/json' --data-binary \
		"{\"Name\":\"$1\",\"TaskTemplate\":{\"ContainerSpec\":{\"Image\":\"nginx:1.27\"${4:-}}$2},\"Mode\":{\"Replicated\":{\"Replicas\":0}}${3:-}}"
}

@test "a plain service, on a network of the swarm, is made" {
	"$DOCKER" network create -d overlay shop
	run "$DOCKER" service create --detach --replicas 0 --network shop --limit-memory 64M \
		--name plain nginx:1.27 sleep 60
	echo "$output"
	[ "$status" -eq 0 ]
	run service plain-2 ',"Networks":[{"Target":"shop"}]'
	[[ $output == 201* ]]
}

@test "the host's network is refused by every name that swarm knows" {
	local id local_id
	denied containers.network_mode "$DOCKER" service create --detach --replicas 0 \
		--network host --name h1 nginx:1.27
	# What `docker` sends is the swarm's id of it, which begins with one character.
	id=$(api GET '/v1.41/networks/host?scope=swarm' | cut -d' ' -f2- | jq -r .Id)
	local_id=$("$DOCKER" network inspect -f '{{.Id}}' host)
	echo "$id $local_id"
	[ ${#id} -eq 25 ]
	for target in host "$id" "${id:0:9}" "$local_id" "${local_id:0:12}"; do
		run service h2 ",\"Networks\":[{\"Target\":\"$target\"}]"
		echo "$target: $output"
		[[ $output == "403 "*"containers.network_mode"* ]]
		run service h3 '' ",\"Networks\":[{\"Target\":\"$target\"}]"
		[[ $output == "403 "*"containers.network_mode"* ]]
	done
	[ "$("$DOCKER" service ls --format '{{.Name}}' | sort | tr '\n' ' ')" = "plain plain-2 " ]
}

@test "mounts that swarm would fill in later are refused" {
	run service t1 '' ',"Labels":{"x":"/usr"}' \
		',"Mounts":[{"Type":"bind","Source":"/srv/{{index .Service.Labels \"x\"}}","Target":"/h"}]'
	echo "$output"
	[[ $output == "403 "*"gate.body_ambiguous"* ]]
	run service t2 '' '' ',"Mounts":[{"Type":"volume","Source":"{{.Service.Name}}","Target":"/h"}]'
	[[ $output == "403 "*"containers.volumes"* ]]
	[ "$("$DOCKER" service ls -q | wc -l)" -eq 2 ]
}

@test "a volume that is a bind cannot come back by a service" {
	stop dockerd
	mv "$T/daemon.json" "$T/daemon.json.gated"
	echo '{}' >"$T/daemon.json"
	dockerd_up
	"$DOCKER" volume create --opt type=none --opt o=bind --opt device=/usr hostusr
	mv "$T/daemon.json.gated" "$T/daemon.json"
	stop dockerd
	dockerd_up
	wait_for $DEADLINE_S "$DOCKER" service ls
	run service v1 '' '' ',"Mounts":[{"Type":"volume","Source":"hostusr","Target":"/h"}]'
	echo "$output"
	[[ $output == "403 "*"containers.volumes"* ]]
	[ "$("$DOCKER" service ls -q | wc -l)" -eq 2 ]
}

@test "an image by its short id, a log driver, a field of the future are refused" {
	local id
	id=$("$DOCKER" images -q nginx:1.27)
	for id in "$id" "sha256:$id"; do
		run api POST /v1.41/services/create -H 'Content-Type: application/json' \
			--data-binary "{\"Name\":\"i1\",\"TaskTemplate\":{\"ContainerSpec\":{\"Image\":\"$id\"}}}"
		echo "$output"
		[[ $output == "403 "*"images.unresolved"* ]]
	done
	denied containers.log_driver "$DOCKER" service create --detach --replicas 0 --name l1 \
		--log-driver syslog nginx:1.27
	run service f1 ',"HostRoot":true'
	[[ $output == "403 "*"containers.unknown_field"* ]]
	[ "$("$DOCKER" service ls -q | wc -l)" -eq 2 ]
}
