#!/usr/bin/env bats
# The gate and its files, without a dockerd: what becomes of the record when they
# are taken away, damaged or outgrown.

load helpers

setup() {
	stack_init
	# In a folder that the gate makes, and so may make files in.
	STORE=$T/store/aegis.db
	chmod 0755 "$T"
	sed -i "s|^store: .*|store: $STORE|" "$T/aegis.yaml"
	gate_up
}

teardown() {
	cat "$T/gate.log"
	stop gate
	rm -f "$GATE_SOCK"
	rm -rf "$T"
}

# ask METHOD PATH: what the gate answers to this call without a body.
ask() {
	curl -sS -m 20 --unix-socket "$GATE_SOCK" http://plugin/AuthZPlugin.AuthZReq -d \
		"{\"RequestMethod\":\"$1\",\"RequestUri\":\"/v1.41$2\",\"RequestHeaders\":{\"Content-Length\":\"0\"}}"
}

allowed() {
	ask "$@" | grep -q '"Allow":true'
}

count() {
	sql 'select count(*) from decisions'
}

status_says() {
	"$BUILD/aegis-ctl" status 2>&1 | grep -q "$1"
}

@test "a store that is removed is made again, and said to be lost" {
	allowed POST /containers/a/stop
	rm "$STORE" "$STORE-wal" "$STORE-shm"
	allowed POST /containers/b/stop
	wait_for $DEADLINE_S test -e "$STORE"
	allowed POST /containers/c/stop
	[ "$(sql "select count(*) from decisions where subject in ('b', 'c')")" -eq 2 ]
	grep -q "removed or moved while in use" "$T/gate.log"
	status_says "lost its store: .*removed or moved while in use"
	# The new one knows the gate.
	[ -n "$(sql "select value from meta where key = 'gate.revision' and value <> ''")" ]
	# As long as nothing happens again, only until the next start.
	stop gate
	gate_up
	! status_says "lost its store"
}

@test "a store that is removed while nothing happens is made again" {
	allowed POST /containers/a/stop
	rm "$STORE" "$STORE-wal" "$STORE-shm"
	wait_for $DEADLINE_S test -e "$STORE"
	wait_for $DEADLINE_S status_says "lost its store"
}

@test "a moved store is whole where it was moved to" {
	allowed POST /containers/a/stop
	mv "$STORE" "$T/moved.db"
	wait_for $DEADLINE_S test -e "$STORE"
	wait_for $DEADLINE_S grep -q "is another one now" "$T/gate.log"
	[ "$(sqlite3 -readonly "$T/moved.db" "select count(*) from decisions where subject = 'a'")" -eq 1 ]
}

@test "a damaged store denies changes, names the way out, and comes back" {
	local i
	for i in $(seq 100); do
		allowed POST "/containers/a$i/stop"
	done
	sqlite3 "$STORE" 'pragma wal_checkpoint(truncate)'
	dd if=/dev/zero of="$STORE" bs=2048 seek=1 count=20 conv=notrunc
	wait_for $DEADLINE_S grep -q "malformed; move it and its -wal and -shm.*denied" "$T/gate.log"
	run ask POST /containers/b/stop
	[[ $output == *gate.store* ]]
	allowed GET /containers/json
	status_says "move it and its -wal and -shm"
	mkdir "$T/aside"
	mv "$STORE" "$STORE"-* "$T/aside"
	wait_for $DEADLINE_S allowed POST /containers/c/stop
	[ "$(sqlite3 "$STORE" 'pragma quick_check')" = ok ]
}

@test "where the gate may make no file, the next start does" {
	stop gate
	STORE=$T/aegis.db
	sed -i "s|^store: .*|store: $STORE|" "$T/aegis.yaml"
	gate_up
	allowed POST /containers/a/stop
	rm "$STORE" "$STORE-wal" "$STORE-shm"
	wait_for $DEADLINE_S grep -q "aegis.db: Permission denied; restart .*denied" "$T/gate.log"
	run ask POST /containers/b/stop
	[[ $output == *gate.store* ]]
	allowed GET /containers/json
	stop gate
	gate_up
	allowed POST /containers/c/stop
	[ "$(count)" -eq 1 ]
}

@test "a damaged store at the start names the way out" {
	stop gate
	rm -f "$STORE-wal" "$STORE-shm"
	echo "this is no database, and long enough to be read as the header of one of them" >"$STORE"
	run "$BUILD/aegis-authz" -c "$T/aegis.yaml"
	echo "$output"
	[ "$status" -eq 1 ]
	[[ $output == *"file is not a database; move it and its -wal and -shm to another place"* ]]
}

@test "reads do not wait for a store that is known to be down" {
	local begin
	lock_store
	run ask POST /containers/a/stop
	[[ $output == *gate.store* ]]
	begin=${EPOCHREALTIME/./}
	for _ in $(seq 20); do
		allowed GET /containers/json
	done
	# Each waited a second once.
	((${EPOCHREALTIME/./} - begin < 10000000))
	unlock_store
	wait_for $DEADLINE_S allowed POST /containers/b/stop
}

# Rows as they are, young ones.
grow() {
	sqlite3 "$STORE" "pragma busy_timeout = 10000;
		with recursive n(i) as (select 1 union all select i + 1 from n where i < 4000)
		insert into decisions (timestamp, method, uri, endpoint, class, verdict, latency_us, revision, request)
		select unixepoch() * 1000, 'POST', '/', 'container.create', 'create', 'allow', 1, 'x', printf('%.*c', 1500, 'x') from n"
}

used_bytes() {
	sql 'select (page_count - freelist_count) * page_size
		from pragma_page_count, pragma_freelist_count, pragma_page_size'
}

small() {
	[ "$(used_bytes)" -le 1048576 ]
}

@test "a store over retention_mb loses its oldest, however young, and only these" {
	stop gate
	# Also in a folder that is root's alone.
	STORE=$T/aegis.db
	chmod 0700 "$T"
	sed -i "s/policy:/retention_mb: 1, policy:/; s|^store: .*|store: $STORE|" "$T/aegis.yaml"
	gate_up
	allowed POST /containers/oldest/stop
	grow
	allowed POST /containers/newest/stop
	wait_for $DEADLINE_S small
	[ "$(count)" -gt 100 ]
	[ "$(sql "select count(*) from decisions where subject = 'oldest'")" -eq 0 ]
	[ "$(sql "select count(*) from decisions where subject = 'newest'")" -eq 1 ]
}
