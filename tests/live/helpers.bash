# Helpers of the live tests: a private stack in one temporary folder.
#
# Plugin discovery is global (/run/docker/plugins), so each run uses a plugin
# name of its own.  Everything started is remembered by pid and taken down.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
BUILD=${BUILD:-$ROOT/build}
DOCKERD=${DOCKERD:-/usr/sbin/dockerd}
# Debian's own client, whatever stands first in PATH.
DOCKER=${DOCKER:-/usr/bin/docker}
DEADLINE_S=30

# wait_for SECONDS COMMAND...: until it succeeds; says what did not come.
wait_for() {
	local until=$((SECONDS + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		if ((SECONDS >= until)); then
			echo "not within the deadline: $*" >&2
			return 1
		fi
		read -rt 0.02 <> <(:) || :
	done
}

# gone PID: has it ended?
gone() {
	! kill -0 "$1" 2>/dev/null
}

stack_init() {
	T=$(mktemp -d /tmp/aegis-live.XXXXXX)
	PLUGIN=aegis-t${T##*.}
	PLUGIN=${PLUGIN,,}
	SOCK=$T/docker.sock
	GATE_SOCK=/run/docker/plugins/$PLUGIN.sock
	STORE=$T/aegis.db
	export DOCKER_HOST=unix://$SOCK AEGIS_CONFIG=$T/aegis.yaml
	unset DOCKER_CONTEXT DOCKER_CONFIG
	mkdir -p "$T/binds/ok" /run/docker/plugins
	cat >"$T/aegis.yaml" <<-EOF
		store: $STORE
		docker: $SOCK
		gate: {socket: $GATE_SOCK, policy: $T/gatekeeper.yaml}
		control: {socket: $T/api.sock, listen: 127.0.0.1:18080, token: $T/token}
	EOF
	cat >"$T/gatekeeper.yaml" <<-EOF
		version: 1
		mode: enforce
		images:
		  allow: [docker.io/library/*, registry.example.com/team/**]
		  require_tag: true
		  forbid_tags: [latest]
		  forbid_words: [exploit]
		containers:
		  profile: baseline
		  binds: {allow: [$T/binds/**]}
		api: {plugins: deny}
	EOF
	echo "{\"authorization-plugins\": [\"$PLUGIN\"]}" >"$T/daemon.json"
}

# Each test is a process of its own, so pids are kept in files.
pid_of() { # pid_of gate|dockerd
	cat "$T/$1.pid" 2>/dev/null
}

# stop gate|dockerd [SIGNAL]
stop() {
	local pid
	pid=$(pid_of "$1") || return 0
	kill "-${2:-TERM}" "$pid" 2>/dev/null
	wait_for 60 gone "$pid" || return 1
	rm -f "$T/$1.pid"
}

gate_up() {
	"$BUILD/aegis-authz" -c "$T/aegis.yaml" >>"$T/gate.log" 2>&1 3>&- &
	echo $! >"$T/gate.pid"
	disown
	wait_for $DEADLINE_S curl -fsS --unix-socket "$GATE_SOCK" -X POST \
		http://plugin/Plugin.Activate || { cat "$T/gate.log"; return 1; }
}

# Where a dockerd is started with --bridge=none it takes docker0 away, whosever that
# is, and a swarm leaves a bridge: each has a network of its own to do so in.
in_own_network() {
	exec unshare --net sh -c 'busybox ip link set lo up && exec "$@"' - "$@"
}

dockerd_up() {
	in_own_network "$DOCKERD" --config-file "$T/daemon.json" --data-root "$T/data" \
		--exec-root "$T/exec" -H "unix://$SOCK" --pidfile "$T/docker.pid" \
		--bridge=none --iptables=false --ip6tables=false "$@" \
		>>"$T/dockerd.log" 2>&1 3>&- &
	echo $! >"$T/dockerd.pid"
	disown
	wait_for 60 "$DOCKER" version || { tail -20 "$T/dockerd.log"; return 1; }
}

# image NAME: a small image with a shell, made without a network.
image() {
	local root=$T/rootfs
	if [ ! -d "$root" ]; then
		mkdir -p "$root/bin" "$root/tmp" "$root/etc"
		cp /bin/busybox "$root/bin/"
		for applet in sh sleep true id cat ls echo env; do
			ln -s busybox "$root/bin/$applet"
		done
	fi
	tar -C "$root" -c . | "$DOCKER" import -c 'CMD ["true"]' - "$1" >/dev/null
}

stack_down() {
	local ids
	ids=$(timeout 20 curl -fsS --unix-socket "$SOCK" \
		"http://d/containers/json" 2>/dev/null | jq -r '.[].Id' 2>/dev/null)
	for id in $ids; do
		timeout 20 curl -fsS --unix-socket "$SOCK" -X DELETE -H 'Content-Length: 0' \
			"http://d/containers/$id?force=1" >/dev/null 2>&1
	done
	stop dockerd
	stop gate
	rm -f "$GATE_SOCK"
	# A killed dockerd leaves its mounts.
	grep -o " $T[^ ]*" /proc/mounts | sort -r | while read -r m; do
		umount -l "$m" 2>/dev/null
	done
	rm -rf "$T"
}

sql() {
	sqlite3 -readonly "$STORE" "$1"
}

# api METHOD PATH [CURL-ARGS...]: raw to dockerd's socket; prints status, body.
api() {
	local method=$1 path=$2
	shift 2
	curl -sS --path-as-is -m 30 --unix-socket "$SOCK" -o "$T/body" -w '%{http_code}' \
		-X "$method" "$@" "http://d$path"
	echo " $(cat "$T/body" 2>/dev/null)"
}

create() {
	local body=$1
	shift
	api POST /v1.41/containers/create -H 'Content-Type: application/json' \
		--data-binary "$body" "$@"
}

# No container of this dockerd has what no policy here allows.
nothing_forbidden_exists() {
	local id
	for id in $("$DOCKER" ps -aq --no-trunc); do
		"$DOCKER" inspect "$id" | jq -e '.[0]
			| (.HostConfig.Privileged | not)
			and ([.HostConfig.Binds[]?, .Mounts[]? | tostring
			      | select(test("\"/(etc|usr)\"|^/(etc|usr)|^/:|\"Source\":\"/\""))] == [])
			and (.HostConfig.PidMode != "host")
			and ((.HostConfig.CapAdd // []) | map(select(test("SYS_ADMIN"))) == [])' \
			>/dev/null || { "$DOCKER" inspect "$id" | head -80; return 1; }
	done
}

# denied RULE COMMAND...: the command is refused by the gate, by this rule.
denied() {
	local rule=$1
	shift
	run "$@"
	echo "$output"
	[ "$status" -ne 0 ]
	[[ $output == *"authorization denied by plugin $PLUGIN"?(:latest)": [$rule]"* ]]
}

# lock_store [MODE]: hold its write lock (immediate, exclusive), as process $LOCK_PID.
# The gate writes at times: the lock is waited for.
lock_store() {
	coproc LOCK { exec sqlite3 -bail "$STORE" 3>&-; }
	printf '.timeout 10000\nbegin %s;\nselect 1;\n' "${1:-immediate}" >&"${LOCK[1]}"
	read -rt 20 _ <&"${LOCK[0]}"
}

unlock_store() {
	printf 'rollback;\n.quit\n' >&"${LOCK[1]}"
	wait "$LOCK_PID" || :
}
