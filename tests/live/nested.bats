#!/usr/bin/env bats
# Binds within binds: what a restart of dockerd's own would find instead.

load helpers

setup_file() {
	stack_init
	gate_up
	# Inside what the policy opens.
	dockerd_up --data-root "$T/binds/docker"
	image nginx:1.27
	mkdir -p "$T/binds/w/a" "$T/binds/w/b"
	export T PLUGIN SOCK GATE_SOCK STORE
}

teardown_file() {
	stack_down
}

# is_stopped NAME: it may exist, it does not run and never did.
is_stopped() {
	[ "$("$DOCKER" inspect -f '{{.State.Status}} {{.State.StartedAt}}' "$1")" = \
		'created 0001-01-01T00:00:00Z' ]
}

@test "nobody starts on a folder that another could swap for a link" {
	"$DOCKER" run -d --name outer --network none -v "$T/binds/w:/w" nginx:1.27 sleep 300
	denied containers.binds "$DOCKER" run -d --name inner --restart always --network none \
		-v "$T/binds/w/a:/a" nginx:1.27 sleep 300
	[[ $output == *"the container outer has read-write"*"mount the same folder in both"* ]]
	is_stopped inner
	denied containers.binds "$DOCKER" restart inner
	is_stopped inner
	"$DOCKER" rm -f inner outer
}

@test "nor where it could swap the folder of another" {
	"$DOCKER" run -d --name inner --restart always --network none -v "$T/binds/w/a:/a" \
		nginx:1.27 sleep 300
	denied containers.binds "$DOCKER" run -d --name outer --network none \
		-v "$T/binds/w:/w" nginx:1.27 sleep 300
	[[ $output == *"a bind of the container inner"* ]]
	is_stopped outer
	"$DOCKER" rm -f outer
	run "$DOCKER" run -d --name reader --network none -v "$T/binds/w:/w:ro" nginx:1.27 sleep 300
	[ "$status" -eq 0 ]
	run "$DOCKER" run -d --name same --network none -v "$T/binds/w/a:/a" nginx:1.27 sleep 300
	[ "$status" -eq 0 ]
	run "$DOCKER" restart -t 0 inner
	[ "$status" -eq 0 ]
	"$DOCKER" rm -f inner reader same
}

@test "what never ran keeps nobody from starting, and is not written through" {
	"$DOCKER" run -d --name inner --restart always --network none -v "$T/binds/w/a:/a" \
		nginx:1.27 sleep 300
	"$DOCKER" create --name never --network none -v "$T/binds/w:/w" nginx:1.27 true
	run "$DOCKER" restart -t 0 inner
	[ "$status" -eq 0 ]
	mkdir -p "$T/tar"
	ln -sfn /usr "$T/tar/a"
	denied containers.binds "$DOCKER" cp "$T/tar/a" never:/w/
	[ -d "$T/binds/w/a" ] && [ ! -L "$T/binds/w/a" ]
	denied containers.binds "$DOCKER" start never
	"$DOCKER" rm -f inner never
}

@test "nor through a link, nor within itself" {
	ln -sfn w "$T/binds/link"
	"$DOCKER" run -d --name outer --network none -v "$T/binds/link:/w" nginx:1.27 sleep 300
	denied containers.binds "$DOCKER" run -d --name inner --network none \
		-v "$T/binds/w/a:/a" nginx:1.27 sleep 300
	is_stopped inner
	denied containers.binds "$DOCKER" create --name self --network none \
		-v "$T/binds/w:/w" -v "$T/binds/w/a:/a" nginx:1.27 sleep 300
	[ -z "$("$DOCKER" ps -aqf name=self)" ]
	"$DOCKER" rm -f inner outer
}

@test "nor where it could swap a link on the way" {
	mkdir -p "$T/binds/v" "$T/binds/x/a"
	ln -sfn ../x "$T/binds/v/turn"
	ln -sfn v/turn "$T/binds/chain"
	"$DOCKER" run -d --name turner --network none -v "$T/binds/v:/v" nginx:1.27 sleep 300
	denied containers.binds "$DOCKER" run -d --name inner --restart always --network none \
		-v "$T/binds/chain/a:/a" nginx:1.27 sleep 300
	is_stopped inner
	"$DOCKER" rm -f turner
	# With nobody there to turn it, it starts; then nobody may come.
	"$DOCKER" start inner
	denied containers.binds "$DOCKER" run -d --name turner --network none \
		-v "$T/binds/v:/v" nginx:1.27 sleep 300
	is_stopped turner
	"$DOCKER" rm -f inner turner
}

@test "dockerd's own folder stays closed where a policy opens what is around it" {
	local id
	id=$("$DOCKER" create --network none -v "$T/binds/docker/containers:/c" nginx:1.27 ls /c)
	denied containers.binds "$DOCKER" start "$id"
	[[ $output == *"holds files of dockerd itself"* ]]
	is_stopped "$id"
	denied containers.binds "$DOCKER" run --name docker-b --network none \
		-v "$T/binds/docker:/c" nginx:1.27 ls /c
	is_stopped docker-b
	"$DOCKER" rm "$id" docker-b
	run "$DOCKER" run --rm --network none -v "$T/binds/w:/w" nginx:1.27 ls /w
	[ "$status" -eq 0 ]
}
