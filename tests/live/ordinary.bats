#!/usr/bin/env bats
# Ordinary use under the policy we ship, with the gate behind an activated socket
# as the systemd units set it up.

load helpers

setup_file() {
	stack_init
	cp "$ROOT/policies/gatekeeper.yaml" "$T/gatekeeper.yaml"
	activated_gate_up
	dockerd_up
	image nginx:1.27
	export T PLUGIN SOCK GATE_SOCK STORE
}

teardown_file() {
	stack_down
}

activated_gate_up() {
	"$BUILD/live/activate" "$GATE_SOCK" "$BUILD/aegis-authz" -c "$T/aegis.yaml" \
		>>"$T/gate.log" 2>&1 3>&- &
	echo $! >"$T/gate.pid"
	disown
	wait_for $DEADLINE_S curl -fsS --unix-socket "$GATE_SOCK" -X POST \
		http://plugin/Plugin.Activate || { cat "$T/gate.log"; return 1; }
}

# There is none for a moment after the last one was killed.
kill_gate() {
	wait_for $DEADLINE_S pkill -KILL -P "$(pid_of gate)"
}

d() {
	"$DOCKER" "$@"
}

@test "a project of two services comes up, works and goes down" {
	local label=com.docker.compose.project=shop
	d network create --label $label shop_default
	d volume create --label $label shop_data
	d create --name shop-db-1 --label $label --network shop_default -v shop_data:/data \
		--restart unless-stopped --memory 64m --health-cmd true -e PASSWORD=x nginx:1.27 sleep 300
	d create --name shop-web-1 --label $label --network shop_default -p 127.0.0.1:18099:80 \
		--cap-drop ALL --cap-add NET_BIND_SERVICE --read-only --tmpfs /run \
		--security-opt no-new-privileges nginx:1.27 sleep 300
	d start shop-db-1 shop-web-1
	run d exec shop-db-1 sh -c 'echo written >/data/file; cat /data/file'
	[ "$output" = written ]
	d update --memory 128m --memory-swap 128m shop-db-1
	d pause shop-web-1
	d unpause shop-web-1
	d restart -t 1 shop-web-1
	run d ps --filter label=$label --format '{{.Names}}'
	[ "${#lines[@]}" -eq 2 ]
	d stop -t 1 shop-web-1 shop-db-1
	d rm shop-web-1 shop-db-1
	d network rm shop_default
	d volume rm shop_data
}

@test "logs, copies both ways, export, diff and events work" {
	d run -d --name tool --network none nginx:1.27 sh -c 'echo said; sleep 300'
	wait_for $DEADLINE_S sh -c "$DOCKER logs tool | grep -q said"
	echo up >"$T/up"
	d cp "$T/up" tool:/tmp/up
	run d exec tool cat /tmp/up
	[ "$output" = up ]
	d cp tool:/tmp/up "$T/down"
	[ "$(cat "$T/down")" = up ]
	run d diff tool
	[[ $output == *"/tmp/up"* ]]
	d export tool | tar -t | grep -q '^tmp/up$'
	run d events --since 5m --until $(($(date +%s) + 1)) --filter container=tool --format '{{.Action}}'
	echo "$output"
	[[ $output == *start* ]]
	d rm -f tool
}

@test "an image is built here, tagged, saved, loaded and run" {
	mkdir -p "$T/context"
	printf 'FROM nginx:1.27\nCOPY file /file\nRUN echo built >>/file\n' >"$T/context/Dockerfile"
	echo copied >"$T/context/file"
	DOCKER_BUILDKIT=0 d build --network none -t app:1.0 "$T/context"
	run d run --rm --network none app:1.0 cat /file
	[ "$output" = $'copied\nbuilt' ]
	d tag app:1.0 app:1.1
	d save app:1.1 -o "$T/app.tar"
	d rmi app:1.1
	d load -i "$T/app.tar"
	run d run --rm --network none app:1.1 cat /file
	[ "$output" = $'copied\nbuilt' ]
	d create --name base --network none app:1.0 true
	d commit base app:1.2
	d rm base
	d rmi app:1.0 app:1.1 app:1.2
}

@test "a project in a home is mounted, the home with its keys is not" {
	local home=/home/$PLUGIN out
	mkdir -p "$home/shop" "$home/.ssh"
	echo page >"$home/shop/index"
	echo key >"$home/.ssh/id"
	out=$(d run --rm --network none -v "$home/shop:/h:ro" nginx:1.27 cat /h/index)
	run d run --rm --network none -v "$home:/h" nginx:1.27 cat /h/.ssh/id
	rm -r "$home"
	echo "$out $output"
	[ "$out" = page ]
	[[ $output == *"[containers.binds]"* ]]
	[[ $output != *key* ]]
}

@test "a restart of the gate refuses nobody" {
	local i
	for i in 1 2 3; do
		kill_gate
		# The socket is there; the call waits until the gate is back.
		run timeout 30 "$DOCKER" run --rm --network none nginx:1.27 echo $i
		echo "$output"
		[ "$output" = $i ]
	done
}

@test "what dockerd did is in the store, whenever the gate was killed" {
	local i pids=() missing=0
	for i in $(seq 40); do
		timeout 60 "$DOCKER" create --name killed$i --network none nginx:1.27 true \
			>/dev/null 2>&1 3>&- &
		pids+=($!)
		[ $((i % 8)) -ne 0 ] || kill_gate
	done
	for i in "${pids[@]}"; do
		wait "$i" || :
	done
	wait_for $DEADLINE_S "$DOCKER" ps
	[ "$("$DOCKER" ps -aq --filter name=killed | wc -l)" -gt 0 ]
	for i in $("$DOCKER" ps -a --filter name=killed --format '{{.Names}}'); do
		[ "$(sql "select count(*) from decisions where verdict = 'allow' and
			uri like '%name=$i' and endpoint = 'container.create'")" -ge 1 ] ||
			{ echo "$i has no row"; missing=$((missing + 1)); }
		"$DOCKER" rm "$i" >/dev/null
	done
	[ "$missing" -eq 0 ]
	[ "$(sqlite3 -readonly "$STORE" 'pragma quick_check')" = ok ]
}
