#!/usr/bin/env bats
# The catalogue of ways round a gate, raw on dockerd's socket (catalogue.tsv).

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

# send METHOD PATH TYPE BODY: the call as the catalogue writes it.
send() {
	local args=()
	case $3 in
	json) args=(-H 'Content-Type: application/json') ;;
	tar) args=(-H 'Content-Type: application/x-tar') ;;
	text) args=(-H 'Content-Type: text/plain') ;;
	esac
	if [ "$4" = - ]; then
		[ "$1" = GET ] || args+=(-H 'Content-Length: 0')
	else
		args+=(--data-binary "$4")
	fi
	api "$1" "$2" "${args[@]}"
}

@test "every way of the catalogue is closed by the rule that is meant" {
	local rule method path type body why wrong=0 rows=0 got
	while IFS=$'\t' read -r rule method path type body why; do
		[[ $rule == \#* || -z $rule ]] && continue
		rows=$((rows + 1))
		got=$(send "$method" "$path" "$type" "$body")
		case $rule in
		-) [[ $got == 2* ]] ;;
		[0-9]*) [[ $got == "$rule "* && $got != *"denied by plugin"* ]] ;;
		*) [[ $got == "403 "*"[$rule]"* ]] ;;
		esac || {
			echo "$why: wanted $rule, got $got ($method $path $body)"
			wrong=$((wrong + 1))
		}
	done <"$BATS_TEST_DIRNAME/catalogue.tsv"
	echo "$rows rows, $wrong wrong"
	[ "$rows" -ge 60 ]
	[ "$wrong" -eq 0 ]
	nothing_forbidden_exists
	[ "$("$DOCKER" volume ls -q | tr '\n' ' ')" = "v7 " ]
	[ "$("$DOCKER" ps -aq | wc -l)" -eq 1 ]
	[ -z "$("$DOCKER" images -q 'evil.example.com/*')" ]
	[ "$("$DOCKER" network ls --format '{{.Name}}' | sort | tr '\n' ' ')" = "host none " ]
	[ "$("$DOCKER" info -f '{{.Swarm.LocalNodeState}}')" = inactive ]
}
