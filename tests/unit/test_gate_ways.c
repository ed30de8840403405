/*
 * Ways round the gate, claim by claim of what is known of Docker's API and of
 * what got past other plugins (research/authz.md sections 0 and 2,
 * research/h2o-and-dockerd.md section 3).
 */
#include "tests/unit/gate_case.h"

static void
values_are_of_the_type_go_wants(void **state)
{
	(void)state;
	CHECK(baseline,
	      {"numbers where Go wants them", NULL, HOST("\"Memory\":67108864,\"PidsLimit\":100")},
	      {"a number in a text", "gate.body_ambiguous", HOST("\"Memory\":\"67108864\"")},
	      {"an exponent", "gate.body_ambiguous", HOST("\"Memory\":1e9")},
	      {"a fraction, though whole", "gate.body_ambiguous", HOST("\"Memory\":67108864.0")},
	      {"2^63", "gate.body_ambiguous", HOST("\"Memory\":9223372036854775808")},
	      {"one for true", "gate.body_ambiguous", HOST("\"Privileged\":1")},
	      {"a number for a name", "gate.body_ambiguous", {.body = "{\"Image\":5}"}},
	      {"a number out of range nobody reads", NULL, {.body = "{" IMG ",\"X\":1e999}"}},
	      {"an empty object names no image", "images.name", {.body = "{}"}},
	      {"a list twice, whose elements Go merges", "gate.body_ambiguous", HOST("\"Mounts\":[{\"Type\":\"bind\",\"Source\":\"/boot\"}],\"Mounts\":[{\"Target\":\"/h\"}]")},
	      {"a key twice in an element", "gate.body_ambiguous", HOST("\"Mounts\":[{\"Type\":\"tmpfs\",\"Target\":\"/t\",\"type\":\"bind\"}]")},
	      {"a key twice, deep", "gate.body_ambiguous", HOST("\"Mounts\":[{\"Type\":\"volume\",\"Target\":\"/h\",\"VolumeOptions\":{\"DriverConfig\":{\"Name\":\"local\",\"name\":\"x\"}}}]")},
	      {"a key twice in an element that nobody judges", "gate.body_ambiguous", HOST("\"BlkioDeviceReadBps\":[{\"Path\":\"/dev/sda\",\"path\":\"/dev/sdb\"}]")},
	      {"a key twice in a map", "gate.body_ambiguous", HOST("\"Sysctls\":{\"net.ipv4.tcp_syncookies\":\"1\",\"net.ipv4.tcp_syncookies\":\"0\"}")},
	      {"an escape in a deep key", "gate.body_ambiguous", HOST("\"Devices\":[{\"P\\u0061thOnHost\":\"/dev/sda\"}]")},
	      {"null clears the struct before it: twice", "gate.body_ambiguous", {.body = "{" IMG ",\"HostConfig\":{\"Privileged\":true},\"HostConfig\":null}"}},
	      {"null alone is nothing", NULL, {.body = "{" IMG ",\"HostConfig\":null}"}},
	      {"a volume driver at the top, as old engines read it", "gate.body_ambiguous", {.body = "{" IMG ",\"VolumeDriver\":\"x\"}"}},
	      {"binds at the top, in small letters", "gate.body_ambiguous", {.body = "{" IMG ",\"binds\":[\"/boot:/h\"]}"}},
	      {"invalid UTF-8", "gate.body_ambiguous", {.body = "{" IMG ",\"Hostname\":\"\xff\"}"}},
	      {"half a surrogate pair", "gate.body_ambiguous", {.body = "{" IMG ",\"Hostname\":\"\\ud83d\"}"}},
	      {"a whole one", NULL, {.body = "{" IMG ",\"Hostname\":\"\\ud83d\\udc33\"}"}},
	      {"a BOM", "gate.body_ambiguous", {.body = "\xef\xbb\xbf{" IMG "}"}},
	      {"a comment", "gate.body_ambiguous", {.body = "{" IMG "/**/}"}},
	      {"keys of a map have a case", "containers.volumes", {.uri = "/v1.41/volumes/create", .body = "{\"Name\":\"x\",\"DriverOpts\":{\"Type\":\"tmpfs\",\"type\":\"none\",\"device\":\"tmpfs\"}}"}});
}

/* Everything open that a policy can open: what fails here is not the policy's. */
static const char all_open[] = "version: 1\n"
			       "api: {plugins: allow, swarm: allow, exec: allow}\n"
			       "containers: {profile: privileged}\n";

static void
json_that_dockerd_keeps_back_is_missing(void **state)
{
	(void)state;
	/* 20.10 decodes these whatever the type says (research/authz.md 0.10). */
#define HIDDEN(u) {.uri = "/v1.41" u, .type = "text/plain", .length = "9"}
#define SHOWN(u) {.uri = "/v1.41" u, .body = "{\"Name\":\"x\"}"}
	CHECK(all_open,
	      {"a service", "gate.body_missing", HIDDEN("/services/create")},
	      {"a service, changed", "gate.body_missing", HIDDEN("/services/s1/update?version=1")},
	      {"a swarm, joined", "gate.body_missing", HIDDEN("/swarm/join")},
	      {"a swarm, changed", "gate.body_missing", HIDDEN("/swarm/update?version=1")},
	      {"a swarm, unlocked", "gate.body_missing", HIDDEN("/swarm/unlock")},
	      {"a swarm", "gate.body_missing", HIDDEN("/swarm/init")},
	      {"the same, shown", NULL, SHOWN("/swarm/init")},
	      {"a node", "gate.body_missing", HIDDEN("/nodes/n1/update?version=1")},
	      {"a secret", "gate.body_missing", HIDDEN("/secrets/create")},
	      {"the same, shown", NULL, SHOWN("/secrets/create")},
	      {"a secret, changed", "gate.body_missing", HIDDEN("/secrets/s1/update?version=1")},
	      {"a config", "gate.body_missing", HIDDEN("/configs/create")},
	      {"a plugin", "gate.body_missing", HIDDEN("/plugins/pull?remote=x/y&name=y")},
	      {"a plugin, upgraded", "gate.body_missing", HIDDEN("/plugins/y/upgrade?remote=x/y")},
	      {"a plugin, set", "gate.body_missing", HIDDEN("/plugins/y/set")},
	      {"the same, shown", NULL, {.uri = "/v1.41/plugins/y/set", .body = "[\"A=b\"]"}},
	      {"a network", "gate.body_missing", HIDDEN("/networks/create")},
	      {"a volume", "gate.body_missing", HIDDEN("/volumes/create")},
	      {"a volume, changed", "gate.body_missing", {.method = "PUT", .uri = "/v1.42/volumes/v?version=1", .type = "text/plain", .length = "9"}},
	      {"an exec", "gate.body_missing", HIDDEN("/containers/web/exec")},
	      {"an update", "gate.body_missing", HIDDEN("/containers/web/update")},
	      {"a container, under a path that old engines kept back", "gate.body_missing", HIDDEN("/containers/create?x=/auth")});
}

static void
a_form_is_refused_wherever_a_query_decides(void **state)
{
	(void)state;
	/* A second type hides the form's: the length tells (research/authz.md 0.9). */
#define FORM(u) {.uri = "/v1.41" u, .type = "application/x-www-form-urlencoded", .length = "9"}
#define TEXT_FORM(u) {.uri = "/v1.41" u, .type = "text/plain", .length = "9"}
#define CHUNKED_FORM(u) {.uri = "/v1.41" u, .type = "text/plain"}
	CHECK(all_open,
	      {"tag", NULL, POST0("/images/nginx:1.27/tag?repo=app&tag=1")},
	      {"tag", "gate.body_unexpected", FORM("/images/nginx:1.27/tag?repo=app&tag=1")},
	      {"tag, hidden", "gate.body_unexpected", TEXT_FORM("/images/nginx:1.27/tag?repo=app&tag=1")},
	      {"tag, hidden and chunked", "gate.body_unexpected", CHUNKED_FORM("/images/nginx:1.27/tag?repo=app&tag=1")},
	      {"kill", NULL, POST0("/containers/web/kill?signal=TERM")},
	      {"kill", "gate.body_unexpected", FORM("/containers/web/kill?signal=TERM")},
	      {"kill, chunked", "gate.body_unexpected", CHUNKED_FORM("/containers/web/kill?signal=TERM")},
	      {"plugin disable", NULL, POST0("/plugins/x/disable")},
	      {"plugin disable", "gate.body_unexpected", FORM("/plugins/x/disable")},
	      {"plugin disable, chunked", "gate.body_unexpected", CHUNKED_FORM("/plugins/x/disable")},
	      {"plugin create", "gate.body_unexpected", FORM("/plugins/create?name=x")},
	      {"build", NULL, {.uri = "/v1.41/build?t=app:1", .type = "application/x-tar"}},
	      {"build", "gate.body_unexpected", FORM("/build?t=app:1")},
	      {"upload", "gate.body_unexpected", {.method = "PUT", .uri = "/v1.41/containers/web/archive?path=/tmp", .type = "Application/X-WWW-Form-URLencoded; charset=utf-8", .length = "9"}},
	      {"load", "gate.body_unexpected", FORM("/images/load?quiet=1")},
	      {"import", "gate.body_unexpected", FORM("/images/create?fromSrc=-&repo=app&tag=1")},
	      {"pull, chunked", "gate.body_unexpected", CHUNKED_FORM("/images/create?fromImage=nginx&tag=1.27")},
	      {"import by address, chunked", "gate.body_unexpected", CHUNKED_FORM("/images/create?fromSrc=http://127.0.0.1/x.tar&repo=app&tag=1")},
	      {"rename", "gate.body_unexpected", TEXT_FORM("/containers/web/rename?name=b")},
	      {"prune", "gate.body_unexpected", TEXT_FORM("/volumes/prune")},
	      {"push", "gate.body_missing", FORM("/images/app/push?tag=1")},
	      {"commit", "gate.body_missing", FORM("/commit?container=web&repo=app&tag=1")},
	      {"commit, hidden", "gate.body_missing", TEXT_FORM("/commit?container=web&repo=app&tag=1")},
	      {"attach", "gate.body_unexpected", TEXT_FORM("/containers/web/attach?stdin=1")},
	      {"resize", "gate.body_unexpected", TEXT_FORM("/exec/b17/resize?h=1&w=1")},
	      {"a checkpoint removed takes none", NULL, {.method = "DELETE", .uri = "/v1.41/containers/web/checkpoints/c"}});
}

static void
a_uri_that_hides_its_call_is_refused(void **state)
{
	(void)state;
	CHECK(all_open,
	      {"a service behind a fragment", "gate.uri", {.uri = "/v1.41/services/create?x=#%zz", .type = "application/json"}},
	      {"a swarm behind a fragment", "gate.uri", {.uri = "/v1.41/swarm/init?x=#%zz", .type = "application/json"}},
	      {"a plugin's settings behind a fragment", "gate.uri", {.uri = "/v1.41/plugins/x/set?x=#%zz", .type = "application/json"}},
	      {"the gate's own, in an encoded path", "gate.self", {.uri = "/%76%31.41/plugins%2faegis%2Fdisable", .length = "0"}},
	      {"the gate's own, by another host's name", "gate.self", {.uri = "xyz://h/v1.41/plugins/aegis/disable", .length = "0"}},
	      {"a ';' in the query", "gate.uri", {.uri = "/v1.41/containers/web/stop?t=1;x=2", .length = "0"}},
	      {"a bad escape in the query", "gate.uri", {.uri = "/v1.41/containers/web/stop?t=%zz", .length = "0"}},
	      {"dots behind an encoded slash", "gate.uri", {.uri = "/v1.41/containers/a%2f..%2fweb/stop", .length = "0"}},
	      {"another method than the router's", "gate.endpoint_unknown", {.method = "post", .uri = CREATE, .body = "{" IMG "}"}},
	      {"a path in capitals", "gate.endpoint_unknown", {.uri = "/v1.41/Containers/Create", .body = "{" IMG "}"}},
	      {"a slash at the end", "gate.endpoint_unknown", {.uri = "/v1.41/swarm/leave/", .length = "0"}},
	      {"dumps of dockerd's memory", "gate.endpoint_unknown", {.method = "GET", .uri = "/debug/pprof/heap"}},
	      {"under a version", "gate.endpoint_unknown", {.method = "GET", .uri = "/v1.41/debug/vars"}},
	      {"asked for by HEAD", "gate.endpoint_unknown", {.method = "HEAD", .uri = "/debug/pprof/heap"}},
	      {"the API that took a configuration at start", "gate.api_version", {.uri = "/v1.23/containers/web/start", .body = "{\"HostConfig\":{\"Privileged\":true}}"}},
	      {"in its flat form", "gate.api_version", {.uri = "/v1.12/containers/web/start", .body = "{\"Privileged\":true}"}},
	      {"with a version spelt otherwise", "gate.api_version", {.uri = "/v01.023/containers/web/start", .length = "0"}});
}

static void
all_that_weakens_isolation_is_refused(void **state)
{
	(void)state;
	CHECK(baseline,
	      {"a cgroup of another", "containers.cgroupns_mode", HOST("\"Cgroup\":\"container:web\"")},
	      {"another's ipc", "containers.ipc_mode", HOST("\"IpcMode\":\"container:web\"")},
	      {"shareable ipc, the default of API 1.39", NULL, HOST("\"IpcMode\":\"shareable\"")},
	      {"host in capitals", "containers.pid_mode", HOST("\"PidMode\":\"HOST\"")},
	      {"the set of a 20.10 prototype", "containers.capabilities", HOST("\"Capabilities\":[\"SYS_ADMIN\"]")},
	      {"with the prefix, in capitals", "containers.capabilities", HOST("\"CapAdd\":[\"CAP_SYS_ADMIN\"]")},
	      {"all, with the prefix", "containers.capabilities", HOST("\"CapAdd\":[\"CAP_ALL\"]")},
	      {"one good, one bad", "containers.capabilities", HOST("\"CapAdd\":[\"CHOWN\",\"SYS_PTRACE\"]")},
	      {"a folder of devices", "containers.devices", HOST("\"Devices\":[{\"PathOnHost\":\"/dev\"}]")},
	      {"a device in small letters", "containers.devices", HOST("\"devices\":[{\"pathonhost\":\"/dev/sda\"}]")},
	      {"a label of another type", "containers.security_opt", HOST("\"SecurityOpt\":[\"label:type:unconfined_t\"]")},
	      {"the default profile", NULL, HOST("\"SecurityOpt\":[\"apparmor=docker-default\"]")},
	      {"a good one, then a bad one", "containers.security_opt", HOST("\"SecurityOpt\":[\"no-new-privileges:true\",\"apparmor:unconfined\"]")},
	      {"masked but for the kernel's memory", "containers.proc_paths", HOST("\"MaskedPaths\":[\"/proc/keys\",\"/proc/timer_list\",\"/sys/firmware\"]")},
	      {"read-only but for sysrq", "containers.proc_paths", HOST("\"ReadonlyPaths\":[\"/proc/bus\",\"/proc/fs\",\"/proc/irq\",\"/proc/sys\"]")},
	      {"what dockerd masks by itself", NULL, HOST("\"MaskedPaths\":[\"/proc/asound\",\"/proc/acpi\",\"/proc/kcore\",\"/proc/keys\",\"/proc/latency_stats\",\"/proc/timer_list\",\"/proc/timer_stats\",\"/proc/sched_debug\",\"/proc/scsi\",\"/sys/firmware\"],\"ReadonlyPaths\":[\"/proc/bus\",\"/proc/fs\",\"/proc/irq\",\"/proc/sys\",\"/proc/sysrq-trigger\"]")},
	      {"a sysctl under another case", "containers.sysctls", HOST("\"Sysctls\":{\"Net.ipv4.tcp_syncookies\":\"1\"}")},
	      {"a shim by its name", "containers.runtime", HOST("\"Runtime\":\"io.containerd.kata.v2\"")},
	      {"a shim by its path", "containers.runtime", HOST("\"Runtime\":\"/usr/bin/evil\"")},
	      {"locked memory", "containers.ulimits", HOST("\"Ulimits\":[{\"Name\":\"memlock\",\"Soft\":-1,\"Hard\":-1}]")},
	      {"open files", NULL, HOST("\"Ulimits\":[{\"Name\":\"nofile\",\"Soft\":1024,\"Hard\":1048576}]")},
	      {"one too many", "containers.ulimits", HOST("\"Ulimits\":[{\"Name\":\"nofile\",\"Soft\":1024,\"Hard\":1048577}]")},
	      {"open files without end", "containers.ulimits", HOST("\"Ulimits\":[{\"Name\":\"nofile\",\"Soft\":1024,\"Hard\":-1}]")},
	      {"oom score, one below", "containers.oom", HOST("\"OomScoreAdj\":-1")},
	      {"real-time scheduling", "containers.resources", HOST("\"CpuRealtimeRuntime\":950000")},
	      {"none", NULL, HOST("\"CpuRealtimeRuntime\":0")},
	      {"throttling a disk opens nothing", NULL, HOST("\"BlkioDeviceReadBps\":[{\"Path\":\"/dev/sda\",\"Rate\":1024}]")},
	      {"group 0", "containers.group_add", HOST("\"GroupAdd\":[\"0\"]")},
	      {"a group of the host", "containers.group_add", HOST("\"GroupAdd\":[\"docker\"]")},
	      {"the last of the system's", "containers.group_add", HOST("\"GroupAdd\":[\"99\"]")},
	      {"the first of the users'", NULL, HOST("\"GroupAdd\":[\"100\"]")},
	      {"a group with a sign", "containers.group_add", HOST("\"GroupAdd\":[\"+1000\"]")},
	      {"a number and more", "containers.group_add", HOST("\"GroupAdd\":[\"1000x\"]")},
	      {"log lines to another host", "containers.log_driver", HOST("\"LogConfig\":{\"Type\":\"gelf\",\"Config\":{\"gelf-address\":\"udp://198.51.100.1:12201\"}}")},
	      {"in small letters", "containers.log_driver", HOST("\"logconfig\":{\"type\":\"fluentd\"}")},
	      {"a driver that is a plugin", "containers.log_driver", HOST("\"LogConfig\":{\"Type\":\"evil/log:latest\"}")});
}

static void
what_a_policy_wants_is_wanted(void **state)
{
	static const char restricted[] =
		"version: 1\n"
		"containers: {profile: restricted, require_limits: [memory, pids, cpu], memory_max: 1g,\n"
		"  require_read_only: true, restart_policies: [\"no\", on-failure],\n"
		"  ports: {all_interfaces: deny, privileged: deny}}\n"
		"exec: {user: deny, deny_env: [LD_*, PROXY]}\n";

	(void)state;
#define GOOD_HOST "\"CapDrop\":[\"ALL\"],\"SecurityOpt\":[\"no-new-privileges\"],\"ReadonlyRootfs\":true,\"Memory\":67108864,\"PidsLimit\":100,\"NanoCpus\":1"
#define STRICT(user, host_) {.body = "{" IMG ",\"User\":\"" user "\",\"HostConfig\":{" host_ "}}"}
#define OF_IMAGE(user) {.body = "{" IMG ",\"User\":\"\",\"HostConfig\":{" GOOD_HOST "}}", .image = "{\"Id\":\"sha256:00\",\"RepoTags\":[\"nginx:1.27\"],\"RepoDigests\":[],\"Config\":{\"User\":" user "}}"}
#define STRICT_AND(member) STRICT("1000", GOOD_HOST "," member)
	CHECK(restricted,
	      {"all of it", NULL, STRICT("1000", GOOD_HOST)},
	      {"the user of an image that is here", NULL, OF_IMAGE("\"101\"")},
	      {"who is root", "containers.user", OF_IMAGE("\"\"")},
	      {"who is not said, which is root", "containers.user", OF_IMAGE("null")},
	      {"of one that is not here, which dockerd refuses", NULL, STRICT("", GOOD_HOST)},
	      {"in other cases", NULL, STRICT("1000", "\"CapDrop\":[\"cap_all\",\"all\"],\"SecurityOpt\":[\"no-new-privileges=true\"],\"ReadonlyRootfs\":true,\"Memory\":67108864,\"PidsLimit\":100,\"CpuQuota\":50000")},
	      {"not all dropped", "containers.cap_drop", STRICT("1000", "\"CapDrop\":[\"CHOWN\"],\"SecurityOpt\":[\"no-new-privileges\"],\"ReadonlyRootfs\":true,\"Memory\":67108864,\"PidsLimit\":100,\"NanoCpus\":1")},
	      {"a capability of the baseline", "containers.capabilities", STRICT_AND("\"CapAdd\":[\"CHOWN\"]")},
	      {"the one that is left", NULL, STRICT_AND("\"CapAdd\":[\"NET_BIND_SERVICE\"]")},
	      {"new privileges", "containers.no_new_privileges", STRICT("1000", "\"CapDrop\":[\"ALL\"],\"ReadonlyRootfs\":true,\"Memory\":67108864,\"PidsLimit\":100,\"NanoCpus\":1")},
	      {"taken back", "containers.security_opt", STRICT("1000", "\"CapDrop\":[\"ALL\"],\"SecurityOpt\":[\"no-new-privileges\",\"no-new-privileges:false\"],\"ReadonlyRootfs\":true,\"Memory\":67108864,\"PidsLimit\":100,\"NanoCpus\":1")},
	      {"root", "containers.user", STRICT("root", GOOD_HOST)},
	      {"root by number", "containers.user", STRICT("0", GOOD_HOST)},
	      {"root by a longer number", "containers.user", STRICT("00", GOOD_HOST)},
	      {"root and a group", "containers.user", STRICT("0:1000", GOOD_HOST)},
	      {"root by name and a group", "containers.user", STRICT("root:users", GOOD_HOST)},
	      {"the image's user is for ring 2", NULL, STRICT("", GOOD_HOST)},
	      {"a name, which can stand for any number", "containers.user", STRICT("rooty", GOOD_HOST)},
	      {"a writable root", "containers.read_only", STRICT("1000", "\"CapDrop\":[\"ALL\"],\"SecurityOpt\":[\"no-new-privileges\"],\"Memory\":67108864,\"PidsLimit\":100,\"NanoCpus\":1")},
	      {"no memory limit", "containers.resources", STRICT("1000", "\"CapDrop\":[\"ALL\"],\"SecurityOpt\":[\"no-new-privileges\"],\"ReadonlyRootfs\":true,\"PidsLimit\":100,\"NanoCpus\":1")},
	      {"processes without end", "containers.resources", STRICT("1000", "\"CapDrop\":[\"ALL\"],\"SecurityOpt\":[\"no-new-privileges\"],\"ReadonlyRootfs\":true,\"Memory\":67108864,\"PidsLimit\":-1,\"NanoCpus\":1")},
	      {"null for a limit", "containers.resources", STRICT("1000", "\"CapDrop\":[\"ALL\"],\"SecurityOpt\":[\"no-new-privileges\"],\"ReadonlyRootfs\":true,\"Memory\":67108864,\"PidsLimit\":null,\"NanoCpus\":1")},
	      {"no CPU limit", "containers.resources", STRICT("1000", "\"CapDrop\":[\"ALL\"],\"SecurityOpt\":[\"no-new-privileges\"],\"ReadonlyRootfs\":true,\"Memory\":67108864,\"PidsLimit\":100")},
	      {"memory over the top", "containers.resources", STRICT("1000", "\"CapDrop\":[\"ALL\"],\"SecurityOpt\":[\"no-new-privileges\"],\"ReadonlyRootfs\":true,\"Memory\":1073741825,\"PidsLimit\":100,\"NanoCpus\":1")},
	      {"memory at the top", NULL, STRICT("1000", "\"CapDrop\":[\"ALL\"],\"SecurityOpt\":[\"no-new-privileges\"],\"ReadonlyRootfs\":true,\"Memory\":1073741824,\"PidsLimit\":100,\"NanoCpus\":1")},
	      {"restarts for ever", "containers.restart_policy", STRICT_AND("\"RestartPolicy\":{\"Name\":\"always\"}")},
	      {"in small letters", "containers.restart_policy", STRICT_AND("\"restartpolicy\":{\"name\":\"always\"}")},
	      {"restarts on failure", NULL, STRICT_AND("\"RestartPolicy\":{\"Name\":\"on-failure\"}")},
	      {"a restart policy by update", "containers.restart_policy", {.uri = "/v1.41/containers/web/update", .body = "{\"RestartPolicy\":{\"Name\":\"always\"}}"}},
	      {"memory over the top by update", "containers.resources", {.uri = "/v1.41/containers/web/update", .body = "{\"Memory\":1073741825}"}},
	      {"a port on this host alone", NULL, STRICT_AND("\"PortBindings\":{\"80/tcp\":[{\"HostIp\":\"127.0.0.1\",\"HostPort\":\"8080\"}]}")},
	      {"a port everywhere", "containers.ports", STRICT_AND("\"PortBindings\":{\"80/tcp\":[{\"HostIp\":\"\",\"HostPort\":\"8080\"}]}")},
	      {"the same in numbers", "containers.ports", STRICT_AND("\"PortBindings\":{\"80/tcp\":[{\"HostIp\":\"0.0.0.0\",\"HostPort\":\"8080\"}]}")},
	      {"and in IPv6", "containers.ports", STRICT_AND("\"PortBindings\":{\"80/tcp\":[{\"HostIp\":\"::\",\"HostPort\":\"8080\"}]}")},
	      {"the second of two", "containers.ports", STRICT_AND("\"PortBindings\":{\"80/tcp\":[{\"HostIp\":\"127.0.0.1\",\"HostPort\":\"8080\"},{\"hostport\":\"8081\"}]}")},
	      {"a low port", "containers.ports", STRICT_AND("\"PortBindings\":{\"80/tcp\":[{\"HostIp\":\"127.0.0.1\",\"HostPort\":\"1023\"}]}")},
	      {"all ports", "containers.ports", STRICT_AND("\"PublishAllPorts\":true")},
	      {"another's network", "containers.network_mode", STRICT_AND("\"NetworkMode\":\"container:web\"")},
	      {"another's mounts", "containers.volumes_from", STRICT_AND("\"VolumesFrom\":[\"web:ro\"]")},
	      {"nobody's", NULL, STRICT_AND("\"VolumesFrom\":[]")},
	      {"exec as somebody else", "exec.user", {.uri = "/v1.41/containers/web/exec", .body = "{\"Cmd\":[\"id\"],\"user\":\"0\"}"}},
	      {"exec with a library of one's own", "exec.env", {.uri = "/v1.41/containers/web/exec", .body = "{\"Cmd\":[\"id\"],\"Env\":[\"A=b\",\"LD_PRELOAD=/tmp/x.so\"]}"}},
	      {"exec with a variable by its whole name", "exec.env", {.uri = "/v1.41/containers/web/exec", .body = "{\"Cmd\":[\"id\"],\"Env\":[\"PROXY=1\"]}"}},
	      {"exec with a longer one", NULL, {.uri = "/v1.41/containers/web/exec", .body = "{\"Cmd\":[\"id\"],\"Env\":[\"PROXY_X=1\"]}"}},
	      {"exec with another variable", NULL, {.uri = "/v1.41/containers/web/exec", .body = "{\"Cmd\":[\"id\"],\"Env\":[\"OLD_X=1\"]}"}});
}

#define A16 "aaaaaaaaaaaaaaaa"
#define A256 A16 A16 A16 A16 A16 A16 A16 A16 A16 A16 A16 A16 A16 A16 A16 A16

static void
an_option_is_judged_as_a_whole(void **state)
{
	static const char options[] =
		"version: 1\n"
		"containers: {security_opt: {allow: [\"label=*\", \"no-new-privileges=*\"]},\n"
		"  require_no_new_privileges: true}\n";

	(void)state;
#define OPTIONS(o) HOST("\"SecurityOpt\":[\"no-new-privileges\"" o "]")
	CHECK(options,
	      {"a pattern", NULL, OPTIONS(",\"label=" A16 "\"")},
	      {"what is too long to be seen", "containers.security_opt", OPTIONS(",\"label=" A256 "/x\"")},
	      {"taken back, though a pattern allows it", "containers.no_new_privileges", OPTIONS(",\"no-new-privileges:false\"")});
	CHECK(all_open,
	      {"any folder", NULL, MOUNT("\"Type\":\"bind\",\"Source\":\"/boot\",\"Target\":\"/h\"")},
	      {"a folder nobody can find", "containers.binds", MOUNT("\"Type\":\"bind\",\"Source\":\"boot\",\"Target\":\"/h\"")});
}

static void
a_wildcard_opens_no_root_of_the_host(void **state)
{
	static const char wide[] =
		"version: 1\n"
		"containers: {binds: {allow: [/**, /dev/**, /proc/*, /dev/snd], deny: [/srv/secret/**]}}\n";

	(void)state;
#define BIND(source) HOST("\"Binds\":[\"" source ":/h\"]")
	CHECK(wide,
	      {"a folder", NULL, BIND("/srv/www")},
	      {"the roots of the host", "containers.binds", BIND("/usr")},
	      {"home as a whole", "containers.binds", BIND("/home")},
	      {"dockerd's data", "containers.binds", BIND("/var/lib/docker/volumes/x")},
	      {"the kernel's", "containers.binds", BIND("/sys/kernel")},
	      {"the kernel's of a process", "containers.binds", BIND("/proc/1/environ")},
	      {"devices", "containers.binds", BIND("/dev/sda")},
	      {"the device that is written out", NULL, BIND("/dev/snd")},
	      {"the Docker socket", "containers.binds", BIND("/run/docker.sock")},
	      {"what holds it", "containers.binds", BIND("/run")},
	      {"what is closed", "containers.binds", BIND("/srv/secret/x")},
	      {"what begins alike", NULL, BIND("/srv/secrets")},
	      {"AEGIS' own", "gate.self", BIND("/etc/aegis/x")},
	      {"what holds AEGIS' own", "containers.binds", BIND("/etc")},
	      {"what begins alike", NULL, BIND("/etc/aegis2")});
	CHECK(baseline,
	      {"the first of two is bad", "containers.binds", HOST("\"Binds\":[\"/boot:/b\",\"/srv/www:/h\"]")},
	      {"the second of two is bad", "containers.binds", HOST("\"Binds\":[\"/srv/www:/h\",\"/boot:/b\"]")},
	      {"a string for the list", "containers.binds", HOST("\"Binds\":\"/boot:/b\"")},
	      {"slave propagation", "containers.binds", HOST("\"Binds\":[\"/srv/www:/www:ro,rslave\"]")},
	      {"private propagation", NULL, HOST("\"Binds\":[\"/srv/www:/www:ro,rprivate\"]")},
	      {"propagation of a mount", "containers.binds", MOUNT("\"Type\":\"bind\",\"Source\":\"/srv/www\",\"Target\":\"/www\",\"BindOptions\":{\"Propagation\":\"rshared\"}")},
	      {"private, of a mount", NULL, MOUNT("\"Type\":\"bind\",\"Source\":\"/srv/www\",\"Target\":\"/www\",\"BindOptions\":{\"Propagation\":\"rprivate\"}")},
	      {"a relative source", "containers.binds", MOUNT("\"Type\":\"bind\",\"Source\":\"srv/www\",\"Target\":\"/www\"")},
	      {"a type in another case", "containers.volumes", MOUNT("\"Type\":\"Bind\",\"Source\":\"/boot\",\"Target\":\"/h\"")},
	      {"no type", "containers.volumes", MOUNT("\"Source\":\"/boot\",\"Target\":\"/h\"")},
	      {"a cluster's volume", "containers.volumes", MOUNT("\"Type\":\"cluster\",\"Source\":\"x\",\"Target\":\"/h\"")},
	      {"an image as a mount", NULL, MOUNT("\"Type\":\"image\",\"Source\":\"nginx:1.27\",\"Target\":\"/h\"")},
	      {"of another registry", "images.allow", MOUNT("\"Type\":\"image\",\"Source\":\"evil.example.com/x:1\",\"Target\":\"/h\"")},
	      {"a driver in a mount", "containers.volumes", MOUNT("\"Type\":\"volume\",\"Source\":\"v\",\"Target\":\"/h\",\"VolumeOptions\":{\"DriverConfig\":{\"Name\":\"rexray\"}}")});
}

static void
a_volume_is_no_way_to_the_host(void **state)
{
	(void)state;
#define VOLUME(member) {.uri = "/v1.41/volumes/create", .body = "{\"Name\":\"x\"," member "}"}
#define OPTS(o) VOLUME("\"DriverOpts\":{" o "}")
	CHECK(baseline,
	      {"the local driver", NULL, VOLUME("\"Driver\":\"local\"")},
	      {"another driver", "containers.volumes", VOLUME("\"Driver\":\"rexray\"")},
	      {"memory", NULL, OPTS("\"type\":\"tmpfs\",\"device\":\"tmpfs\",\"o\":\"size=1m,uid=1000\"")},
	      {"memory, and a bind", "containers.volumes", OPTS("\"type\":\"tmpfs\",\"device\":\"tmpfs\",\"o\":\"size=1m,bind\"")},
	      {"memory of another device", "containers.volumes", OPTS("\"type\":\"tmpfs\",\"device\":\"/boot\"")},
	      {"a bind without a type", "containers.volumes", OPTS("\"o\":\"bind\",\"device\":\"/boot\"")},
	      {"a recursive bind, read-only", "containers.volumes", OPTS("\"type\":\"none\",\"o\":\"ro,rbind\",\"device\":\"/boot\"")},
	      {"a disk", "containers.volumes", OPTS("\"type\":\"ext4\",\"device\":\"/dev/sda1\"")},
	      {"an overlay of the host", "containers.volumes", OPTS("\"type\":\"overlay\",\"device\":\"overlay\",\"o\":\"lowerdir=/boot\"")},
	      {"nfs", "containers.volumes", OPTS("\"type\":\"nfs\",\"o\":\"addr=127.0.0.1\",\"device\":\":/\"")},
	      {"cifs", "containers.volumes", OPTS("\"type\":\"cifs\",\"device\":\"//127.0.0.1/c\"")},
	      {"an option nobody knows", "containers.volumes", OPTS("\"type\":\"tmpfs\",\"device\":\"tmpfs\",\"mountpoint\":\"x\"")},
	      {"no option", NULL, OPTS("")});
}

static void
image_calls_are_judged_by_what_they_can_do(void **state)
{
	static const char no_import[] =
		"version: 1\n"
		"images: {allow: [docker.io/library/*], deny: [docker.io/library/old*],\n"
		"  import: deny, require_digest: true}\n";

	(void)state;
	CHECK(no_import,
	      {"import", "images.import", {.uri = "/v1.41/images/create?fromSrc=-&repo=nginx&tag=1", .type = "text/plain"}},
	      {"import by address", "images.import", POST0("/images/create?fromSrc=http://127.0.0.1/x.tar&repo=nginx&tag=1")},
	      {"load", "images.import", {.uri = "/v1.41/images/load", .type = "application/x-tar"}},
	      {"pull by digest", NULL, POST0("/images/create?fromImage=nginx&tag=sha256%3A" SHA)},
	      {"pull by tag", "images.require_digest", POST0("/images/create?fromImage=nginx&tag=1.27")},
	      {"a digest in the name", NULL, POST0("/images/create?fromImage=nginx@sha256%3A" SHA)},
	      {"and another's tag", "images.require_digest", POST0("/images/create?fromImage=nginx@sha256%3A" SHA "&tag=1.27")},
	      {"deny wins over allow", "images.allow", POST0("/images/create?fromImage=old&tag=sha256%3A" SHA)},
	      {"a tag that is none", "images.name", POST0("/images/create?fromImage=nginx&tag=-1")});
	CHECK(baseline,
	      {"import under an allowed name", NULL, {.uri = "/v1.41/images/create?fromSrc=-&repo=registry.example.com/team/a&tag=1", .type = "text/plain"}},
	      {"import under another's name", "images.allow", {.uri = "/v1.41/images/create?fromSrc=-&repo=evil.example.com/a&tag=1", .type = "text/plain"}},
	      {"a platform changes nothing", "images.allow", POST0("/images/create?fromImage=evil.example.com/x&tag=1&platform=linux/amd64")},
	      {"keys of a query have a case", "images.allow", POST0("/images/create?FromImage=nginx&fromImage=evil.example.com/x&tag=1")},
	      {"an encoded key", "images.allow", POST0("/images/create?from%49mage=evil.example.com/x&tag=1")},
	      {"twelve hex digits of nobody's id are a name", "images.require_tag", {.body = "{\"Image\":\"4bb46517cac3\"}"}},
	      {"commit with a forbidden word", "images.forbid_words", POST0("/commit?container=web&repo=registry.example.com/team/exploit&tag=1")},
	      {"a build with a name that is none", "images.name", {.uri = "/v1.41/build?t=App:1", .type = "application/x-tar"}},
	      {"a build in another's network", "build.network", {.uri = "/v1.41/build?networkmode=container:web", .type = "application/x-tar"}},
	      {"the second mode of a build", "build.network", {.uri = "/v1.41/build?networkmode=none&networkmode=host", .type = "application/x-tar"}},
	      {"a cgroup for the steps", "build.options", {.uri = "/v1.41/build?cgroupparent=/x", .type = "application/x-tar"}},
	      {"no confinement for the steps", "build.options", {.uri = "/v1.41/build?securityopt=%5B%22seccomp%3Dunconfined%22%5D", .type = "application/x-tar"}},
	      {"as the client says none", NULL, {.uri = "/v1.41/build?securityopt=null&cgroupparent=&remote=client-session", .type = "application/x-tar"}});
}

static void
whole_families_can_be_closed(void **state)
{
	static const char closed[] =
		"version: 1\napi: {build: deny, archive: deny, swarm: deny, commit: deny, read: deny}\n";

	(void)state;
	CHECK(closed,
	      {"BuildKit's session", "api", POST0("/session")},
	      {"BuildKit itself", "api", POST0("/grpc")},
	      {"a build", "api", {.uri = "/v1.41/build?t=app:1", .type = "application/x-tar"}},
	      {"an upload", "api", {.method = "PUT", .uri = "/v1.41/containers/web/archive?path=/tmp", .type = "application/x-tar"}},
	      {"a commit", "api", POST0("/commit?container=web&repo=nginx&tag=1")},
	      {"a swarm", "api", {.uri = "/v1.41/swarm/join", .body = "{\"RemoteAddrs\":[\"198.51.100.1\"]}"}},
	      {"a secret", "api", {.uri = "/v1.41/secrets/create", .body = "{\"Name\":\"x\"}"}},
	      {"a download", "api", {.method = "GET", .uri = "/v1.41/containers/web/archive?path=/etc"}},
	      {"an export", "api", {.method = "GET", .uri = "/v1.41/containers/web/export"}},
	      {"logs", "api", {.method = "GET", .uri = "/v1.41/containers/web/logs?stdout=1"}},
	      {"variables with secrets", "api", {.method = "GET", .uri = "/v1.41/containers/web/json"}},
	      {"another family", NULL, POST0("/containers/web/stop")});
}

static void
networks_services_and_plugins_have_their_checks(void **state)
{
	static const char uploads[] =
		"version: 1\narchive: {allow: [/tmp/**]}\n";

	(void)state;
#define NETWORK(member) {.uri = "/v1.41/networks/create", .body = "{\"Name\":\"x\"," member "}"}
#define SERVICE(spec) {.uri = "/v1.41/services/create", .body = "{\"Name\":\"s\",\"TaskTemplate\":{\"ContainerSpec\":{\"Image\":\"nginx:1.27\"," spec "}}}"}
	CHECK(baseline,
	      {"ipvlan", "networks.driver", NETWORK("\"driver\":\"ipvlan\"")},
	      {"a driver that is a plugin", "networks.driver", NETWORK("\"Driver\":\"weave/net:latest\"")},
	      {"the card of the host", "networks.options", NETWORK("\"Driver\":\"bridge\",\"Options\":{\"parent\":\"eth0\"}")},
	      {"another option", NULL, NETWORK("\"Driver\":\"bridge\",\"Options\":{\"com.docker.network.bridge.enable_icc\":\"false\"}")},
	      {"a driver twice", "gate.body_ambiguous", NETWORK("\"Driver\":\"bridge\",\"driver\":\"macvlan\"")},
	      {"a service by update", "containers.capabilities", {.uri = "/v1.41/services/s/update?version=1", .body = "{\"TaskTemplate\":{\"ContainerSpec\":{\"Image\":\"nginx:1.27\",\"CapabilityAdd\":[\"CAP_SYS_ADMIN\"]}}}"}},
	      {"a service's image", "images.allow", {.uri = "/v1.41/services/create", .body = "{\"TaskTemplate\":{\"ContainerSpec\":{\"Image\":\"evil.example.com/x:1\"}}}"}},
	      {"a service's volume that is a bind", "containers.volumes", SERVICE("\"Mounts\":[{\"Type\":\"volume\",\"Target\":\"/h\",\"VolumeOptions\":{\"DriverConfig\":{\"Name\":\"local\",\"Options\":{\"type\":\"none\",\"o\":\"bind\",\"device\":\"/\"}}}}]")},
	      {"a service without AppArmor", "containers.security_opt", SERVICE("\"Privileges\":{\"AppArmor\":{\"Mode\":\"disabled\"}}")},
	      {"a service with a label", "containers.security_opt", SERVICE("\"Privileges\":{\"SELinuxContext\":{\"Disable\":true}}")},
	      {"a service as confined as any", NULL, SERVICE("\"Privileges\":{\"NoNewPrivileges\":true,\"Seccomp\":{\"Mode\":\"default\"}}")},
	      {"a service's oom score", "containers.oom", SERVICE("\"OomScoreAdj\":-500")},
	      {"a service's sysctl", "containers.sysctls", SERVICE("\"Sysctls\":{\"kernel.msgmax\":\"1\"}")},
	      {"a service's ulimit", "containers.ulimits", SERVICE("\"Ulimits\":[{\"Name\":\"memlock\",\"Hard\":-1}]")},
	      {"a service's group", "containers.group_add", SERVICE("\"Groups\":[\"disk\"]")},
	      {"a service of the future", "containers.unknown_field", SERVICE("\"HostRoot\":true")},
	      {"a service of plugins", "plugins.privileges", {.uri = "/v1.41/services/create", .body = "{\"TaskTemplate\":{\"Runtime\":\"plugin\",\"PluginSpec\":{\"Remote\":\"evil/x\"}}}"}},
	      {"a plugin pulled", "plugins.privileges", {.uri = "/v1.41/plugins/pull?remote=evil/x&name=x", .body = "[{\"Name\":\"allow-all-devices\",\"Value\":[\"true\"]}]"}},
	      {"a plugin made here", "plugins.privileges", {.uri = "/v1.41/plugins/create?name=x", .type = "application/x-tar"}},
	      {"a plugin upgraded", "plugins.privileges", {.uri = "/v1.41/plugins/x/upgrade?remote=evil/x", .body = "[]"}},
	      {"a plugin set", "plugins.privileges", {.uri = "/v1.41/plugins/x/set", .body = "[\"A=b\"]"}},
	      {"exec, in other cases", "exec.privileged", {.uri = "/v1.41/containers/web/exec", .body = "{\"cmd\":[\"id\"],\"PRIVILEGED\":true}"}},
	      {"exec, twice", "gate.body_ambiguous", {.uri = "/v1.41/containers/web/exec", .body = "{\"Cmd\":[\"id\"],\"Privileged\":true,\"Privileged\":false}"}},
	      {"update of the oom killer", "containers.oom", {.uri = "/v1.41/containers/web/update", .body = "{\"OomKillDisable\":true}"}},
	      {"update of a rule for devices", "containers.devices", {.uri = "/v1.41/containers/web/update", .body = "{\"DeviceCgroupRules\":[\"a *:* rwm\"]}"}},
	      {"update of a ulimit", "containers.ulimits", {.uri = "/v1.41/containers/web/update", .body = "{\"Ulimits\":[{\"Name\":\"memlock\",\"Hard\":-1}]}"}},
	      {"update with a field of the future", "containers.unknown_field", {.uri = "/v1.41/containers/web/update", .body = "{\"HostRoot\":true}"}});
#define UPLOAD(path) {.method = "PUT", .uri = "/v1.41/containers/web/archive?path=" path, .type = "application/x-tar"}
	CHECK(uploads,
	      {"where uploads may go", NULL, UPLOAD("/tmp/x")},
	      {"where they may not", "archive.path", UPLOAD("/etc")},
	      {"a folder that begins alike", "archive.path", UPLOAD("/tmpx/y")},
	      {"encoded", "archive.path", UPLOAD("/tmp/x/%2e%2e/%2e%2e/etc")},
	      {"the first of two", "archive.path", UPLOAD("/etc&path=/tmp/x")});
}

static void
the_gate_is_told_by_every_name(void **state)
{
	(void)state;
	CHECK(all_open,
	      {"a name that begins alike", NULL, {.uri = "/v1.41/plugins/aegis2/disable", .length = "0"}},
	      {"removed", "gate.self", {.method = "DELETE", .uri = "/v1.41/plugins/aegis"}},
	      {"set", "gate.self", {.uri = "/v1.41/plugins/aegis/set", .body = "[\"A=b\"]"}},
	      {"upgraded", "gate.self", {.uri = "/v1.41/plugins/aegis/upgrade?remote=evil/x", .body = "[]"}},
	      {"set by id", "gate.self", {.uri = "/v1.41/plugins/b17/set", .body = "[\"A=b\"]", .plugin = "{\"Name\":\"aegis:latest\"}"}},
	      {"removed by id", "gate.self", {.method = "DELETE", .uri = "/v1.41/plugins/b17", .plugin = "{\"Name\":\"aegis:latest\"}"}},
	      {"upgraded by id", "gate.self", {.uri = "/v1.41/plugins/b17/upgrade?remote=evil/x", .body = "[]", .plugin = "{\"Name\":\"aegis:latest\"}"}},
	      {"by digest", "gate.self", {.uri = "/v1.41/plugins/aegis@sha256:" SHA "/disable", .length = "0"}},
	      {"in capitals", "gate.self", {.uri = "/v1.41/plugins/AEGIS/disable", .length = "0"}},
	      {"one made in its place", "gate.self", {.uri = "/v1.41/plugins/create?name=aegis", .type = "application/x-tar"}},
	      {"one pulled in its place, without a name", "gate.self", {.uri = "/v1.41/plugins/pull?remote=evil.example.com/aegis:1", .body = "[]"}},
	      {"the socket by a folder above", "gate.self", HOST("\"Binds\":[\"/etc:/x\"]")},
	      {"the store by a service", "gate.self", {.uri = "/v1.41/services/create", .body = "{\"TaskTemplate\":{\"ContainerSpec\":{\"Image\":\"nginx:1.27\",\"Mounts\":[{\"Type\":\"bind\",\"Source\":\"/var/lib/aegis\",\"Target\":\"/h\"}]}}}"}});
}

#define MOUNTED(user, mount)                                                   \
	"{\"Id\":\"" SHA "\",\"Name\":\"/web\",\"Image\":\"sha256:" SHA        \
	"\",\"Config\":{\"Image\":\"nginx:1.27\",\"User\":\"" user             \
	"\"},\"HostConfig\":{\"CapDrop\":[\"ALL\"],\"SecurityOpt\":[\"no-new-privileges\"]},\"Mounts\":[" mount "]}"

static void
what_an_image_brings_is_judged_at_start(void **state)
{
	static const char restricted[] =
		"version: 1\ncontainers: {profile: restricted}\n";

	(void)state;
	CHECK(restricted,
	      {"the image's user", NULL, START(MOUNTED("1000", ""))},
	      {"the image's user is root", "containers.user", START(MOUNTED("", ""))},
	      {"root by a commit's changes", "containers.user", START(MOUNTED("root", ""))},
	      {"only a group", "containers.user", START(MOUNTED(":1000", ""))});
	CHECK(baseline,
	      {"a bind by another's volumes", "containers.binds", START(MOUNTED("", "{\"Type\":\"bind\",\"Source\":\"/boot\",\"Destination\":\"/h\",\"RW\":false,\"Propagation\":\"rprivate\"}"))},
	      {"an allowed one", NULL, START(MOUNTED("", "{\"Type\":\"bind\",\"Source\":\"/srv/www\",\"Destination\":\"/h\",\"RW\":true,\"Propagation\":\"rprivate\"}"))},
	      {"shared with the host", "containers.binds", START(MOUNTED("", "{\"Type\":\"bind\",\"Source\":\"/srv/www\",\"Destination\":\"/h\",\"RW\":true,\"Propagation\":\"rshared\"}"))},
	      {"a driver that is none of ours", "containers.volumes", START(MOUNTED("", "{\"Type\":\"volume\",\"Name\":\"v\",\"Source\":\"/x\",\"Destination\":\"/h\",\"Driver\":\"rexray\",\"RW\":true}"))},
	      {"a body at exec start that is no object", "gate.body_ambiguous", {.uri = "/v1.41/exec/b17/start", .body = "[]"}},
	      {"a body at exec start that is kept back", "gate.body_missing", {.uri = "/v1.41/exec/b17/start", .type = "text/plain", .length = "9"}});
}

static void
a_pull_takes_no_stream(void **state)
{
	(void)state;
	CHECK(baseline,
	      {"an import", NULL, {.uri = "/v1.41/images/create?fromSrc=-&repo=app&tag=1", .type = "text/plain"}},
	      {"a pull that says it is an import too", "gate.body_unexpected", {.uri = "/v1.41/images/create?fromImage=nginx&tag=1.27&fromSrc=-", .type = "text/plain", .length = "30"}},
	      {"and chunked", "gate.body_unexpected", {.uri = "/v1.41/images/create?fromImage=nginx&tag=1.27&fromSrc=-", .type = "text/plain"}},
	      {"push, chunked", "gate.body_missing", CHUNKED_FORM("/images/registry.example.com/team/a/push?tag=1")},
	      {"commit, chunked", "gate.body_missing", CHUNKED_FORM("/commit?container=web&repo=app&tag=1")});
}

static void
no_masked_path_is_opened(void **state)
{
	(void)state;
	/* Each list is dockerd's own but for one. */
	CHECK(baseline,
	      {"disks can be taken away", "containers.proc_paths", HOST("\"MaskedPaths\":[\"/proc/asound\",\"/proc/acpi\",\"/proc/kcore\",\"/proc/keys\",\"/proc/latency_stats\",\"/proc/timer_list\",\"/proc/timer_stats\",\"/proc/sched_debug\",\"/sys/firmware\"]")},
	      {"the firmware's switches", "containers.proc_paths", HOST("\"MaskedPaths\":[\"/proc/asound\",\"/proc/kcore\",\"/proc/keys\",\"/proc/latency_stats\",\"/proc/timer_list\",\"/proc/timer_stats\",\"/proc/sched_debug\",\"/proc/scsi\",\"/sys/firmware\"]")},
	      {"file systems' switches", "containers.proc_paths", HOST("\"ReadonlyPaths\":[\"/proc/bus\",\"/proc/irq\",\"/proc/sys\",\"/proc/sysrq-trigger\"]")});
}

static void
a_number_of_root_is_root(void **state)
{
	static const char non_root[] =
		"version: 1\ncontainers: {require_non_root: true}\n";

	(void)state;
#define AS(user) {.body = "{" IMG ",\"User\":\"" user "\"}"}
	CHECK(non_root,
	      {"a number", NULL, AS("1000")},
	      {"Go reads a sign", "containers.user", AS("+0")},
	      {"and the other", "containers.user", AS("-0")},
	      {"with a group", "containers.user", AS("+0:1000")});
}

static void
a_limit_that_is_wanted_stays(void **state)
{
	static const char limits[] =
		"version: 1\ncontainers: {require_limits: [memory, pids, cpu]}\n";

	(void)state;
#define UPDATE(member) {.uri = "/v1.41/containers/web/update", .body = "{" member "}"}
	CHECK(limits,
	      {"fewer processes", NULL, UPDATE("\"PidsLimit\":10")},
	      {"processes without end", "containers.resources", UPDATE("\"PidsLimit\":-1")},
	      {"the same as zero", "containers.resources", UPDATE("\"PidsLimit\":0")},
	      {"null leaves it", NULL, UPDATE("\"PidsLimit\":null")},
	      {"CPU without end", "containers.resources", UPDATE("\"CpuQuota\":-1")},
	      {"CPU without end, in small letters", "containers.resources", UPDATE("\"cpuquota\":-1")},
	      {"CPU in the other unit", "containers.resources", UPDATE("\"NanoCpus\":-1")},
	      {"more memory", NULL, UPDATE("\"Memory\":1073741824")},
	      {"memory without end", "containers.resources", UPDATE("\"Memory\":-1")},
	      {"zeros, which the docker command writes, leave all", NULL, UPDATE("\"Memory\":0,\"NanoCpus\":1000000000,\"CpuQuota\":0,\"PidsLimit\":null")});
	CHECK("version: 1\ncontainers: {require_limits: [memory]}\n",
	      {"a limit nobody wants", NULL, UPDATE("\"PidsLimit\":-1")});
}

static void
memory_without_end_is_over_the_top(void **state)
{
	static const char top[] = "version: 1\ncontainers: {memory_max: 1g}\n";

	(void)state;
	CHECK(top,
	      {"at the top", NULL, HOST("\"Memory\":1073741824")},
	      {"unset is unlimited", "containers.resources", HOST("")},
	      {"zero is unlimited", "containers.resources", HOST("\"Memory\":0")},
	      {"in an update it leaves the limit", NULL, UPDATE("\"Memory\":0,\"CpuShares\":10")},
	      {"over the top by an update", "containers.resources", UPDATE("\"Memory\":1073741825")},
	      {"without end by an update", "containers.resources", UPDATE("\"Memory\":-1")});
}

static void
an_allowed_prefix_is_not_climbed_out_of(void **state)
{
	static const char prefixes[] =
		"version: 1\n"
		"containers: {devices: {allow: [/dev/snd/**]}, cgroup_parent: {allow: [/team/**]}}\n";

	(void)state;
	CHECK(prefixes,
	      {"a device", NULL, HOST("\"Devices\":[{\"PathOnHost\":\"/dev/snd/timer\"}]")},
	      {"another by dots", "containers.devices", HOST("\"Devices\":[{\"PathOnHost\":\"/dev/snd/../sda\"}]")},
	      {"by one dot", "containers.devices", HOST("\"Devices\":[{\"PathOnHost\":\"/dev/snd/./timer\"}]")},
	      {"dots in a name", NULL, HOST("\"Devices\":[{\"PathOnHost\":\"/dev/snd/a..b\"}]")},
	      {"another by dots, updated", "containers.devices", UPDATE("\"Devices\":[{\"PathOnHost\":\"/dev/snd/../sda\"}]")},
	      {"a cgroup", NULL, HOST("\"CgroupParent\":\"/team/a\"")},
	      {"another by dots", "containers.cgroup_parent", HOST("\"CgroupParent\":\"/team/../other\"")},
	      {"the same for a build", "build.options", {.uri = "/v1.41/build?cgroupparent=/team/../other", .type = "application/x-tar"}});
}

static void
an_annotation_reaches_no_runtime(void **state)
{
	(void)state;
	CHECK(baseline,
	      {"none", NULL, HOST("\"Annotations\":{}")},
	      {"what runc hands to systemd", "containers.annotations", HOST("\"Annotations\":{\"org.systemd.property.DevicePolicy\":\"'auto'\"}")});
}

static void
a_wildcard_opens_no_socket_of_the_host(void **state)
{
	static const char wide[] =
		"version: 1\ncontainers: {binds: {allow: [/**]}}\n";

	(void)state;
	CHECK(wide,
	      {"containerd's", "containers.binds", BIND("/run/containerd/containerd.sock")},
	      {"systemd's", "containers.binds", BIND("/run/systemd/private")});
}

static void
a_service_is_judged_as_a_container(void **state)
{
	(void)state;
	CHECK(baseline,
	      {"a network of one's own", NULL, {.uri = "/v1.41/services/create", .body = "{\"TaskTemplate\":{\"ContainerSpec\":{\"Image\":\"nginx:1.27\"},\"Networks\":[{\"Target\":\"shop\"}]}}"}},
	      {"the host's", "containers.network_mode", {.uri = "/v1.41/services/create", .body = "{\"TaskTemplate\":{\"ContainerSpec\":{\"Image\":\"nginx:1.27\"},\"Networks\":[{\"Target\":\"host\"}]}}"}},
	      {"where old clients write it", "containers.network_mode", {.uri = "/v1.41/services/create", .body = "{\"TaskTemplate\":{\"ContainerSpec\":{\"Image\":\"nginx:1.27\"}},\"Networks\":[{\"Target\":\"host\"}]}"}},
	      {"log lines to another host", "containers.log_driver", {.uri = "/v1.41/services/create", .body = "{\"TaskTemplate\":{\"ContainerSpec\":{\"Image\":\"nginx:1.27\"},\"LogDriver\":{\"Name\":\"syslog\"}}}"}});
}

static void
a_checkpoint_reaches_no_folder_of_the_host(void **state)
{
	(void)state;
#define CHECKPOINT(member) {.uri = "/v1.41/containers/web/checkpoints", .body = "{" member "}"}
#define RESTORE(q) {.uri = "/v1.41/containers/web/start?" q, .length = "0", .container = INSPECT(""), .image = NGINX}
	CHECK(baseline,
	      {"in the container's own", NULL, CHECKPOINT("\"CheckpointID\":\"c\",\"CheckpointDir\":\"\"")},
	      {"written", "containers.checkpoint_dir", CHECKPOINT("\"CheckpointID\":\"c\",\"CheckpointDir\":\"/boot\"")},
	      {"in small letters", "containers.checkpoint_dir", CHECKPOINT("\"checkpointid\":\"c\",\"checkpointdir\":\"/boot\"")},
	      {"twice", "gate.body_ambiguous", CHECKPOINT("\"CheckpointDir\":\"\",\"checkpointDir\":\"/boot\"")},
	      {"by the name", "containers.checkpoint_dir", CHECKPOINT("\"CheckpointID\":\"../../x\"")},
	      {"dots in a name", NULL, CHECKPOINT("\"CheckpointID\":\"a..b\"")},
	      {"restored", NULL, RESTORE("checkpoint=c&checkpoint-dir=")},
	      {"read", "containers.checkpoint_dir", RESTORE("checkpoint=c&checkpoint-dir=/boot")},
	      {"read by the name", "containers.checkpoint_dir", RESTORE("checkpoint=a/b")},
	      {"two dots are one component", "containers.checkpoint_dir", RESTORE("checkpoint=..")},
	      {"encoded", "containers.checkpoint_dir", RESTORE("checkpoint=c&checkpoint%2Ddir=%2Fboot")},
	      {"removed", NULL, {.method = "DELETE", .uri = "/v1.41/containers/web/checkpoints/c"}},
	      {"removed elsewhere", "containers.checkpoint_dir", {.method = "DELETE", .uri = "/v1.41/containers/web/checkpoints/c?dir=/boot"}},
	      {"listed", NULL, {.method = "GET", .uri = "/v1.41/containers/web/checkpoints"}},
	      {"listed elsewhere", "containers.checkpoint_dir", {.method = "GET", .uri = "/v1.41/containers/web/checkpoints?dir=/boot"}});
	CHECK("version: 1\ncontainers: {profile: privileged}\n",
	      {"the privileged profile", NULL, CHECKPOINT("\"CheckpointID\":\"c\",\"CheckpointDir\":\"/boot\"")});
	CHECK("version: 1\ncontainers: {checkpoint_dir: allow}\n",
	      {"a policy that allows it", NULL, {.method = "DELETE", .uri = "/v1.41/containers/web/checkpoints/c?dir=/srv/c"}});
}

static void
an_old_container_is_no_way_in(void **state)
{
	(void)state;
	/* docs/threats.md: judged "at start, restart, unpause and exec". */
	CHECK(baseline,
	      {"unpaused", "containers.privileged", {.uri = "/v1.41/containers/web/unpause", .length = "0", .container = INSPECT("\"Privileged\":true"), .image = NGINX}},
	      {"entered", "containers.privileged", {.uri = "/v1.41/exec/b17/start", .body = "{\"Detach\":false}", .exec = "{\"ContainerID\":\"" SHA "\",\"ProcessConfig\":{\"privileged\":false,\"entrypoint\":\"id\"}}", .container = INSPECT("\"Privileged\":true"), .image = NGINX}});
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_are_of_the_type_go_wants),
		cmocka_unit_test(json_that_dockerd_keeps_back_is_missing),
		cmocka_unit_test(a_form_is_refused_wherever_a_query_decides),
		cmocka_unit_test(a_uri_that_hides_its_call_is_refused),
		cmocka_unit_test(all_that_weakens_isolation_is_refused),
		cmocka_unit_test(what_a_policy_wants_is_wanted),
		cmocka_unit_test(an_option_is_judged_as_a_whole),
		cmocka_unit_test(a_wildcard_opens_no_root_of_the_host),
		cmocka_unit_test(a_volume_is_no_way_to_the_host),
		cmocka_unit_test(image_calls_are_judged_by_what_they_can_do),
		cmocka_unit_test(whole_families_can_be_closed),
		cmocka_unit_test(networks_services_and_plugins_have_their_checks),
		cmocka_unit_test(the_gate_is_told_by_every_name),
		cmocka_unit_test(what_an_image_brings_is_judged_at_start),
		cmocka_unit_test(a_pull_takes_no_stream),
		cmocka_unit_test(no_masked_path_is_opened),
		cmocka_unit_test(a_number_of_root_is_root),
		cmocka_unit_test(a_limit_that_is_wanted_stays),
		cmocka_unit_test(memory_without_end_is_over_the_top),
		cmocka_unit_test(an_allowed_prefix_is_not_climbed_out_of),
		cmocka_unit_test(an_annotation_reaches_no_runtime),
		cmocka_unit_test(a_wildcard_opens_no_socket_of_the_host),
		cmocka_unit_test(a_service_is_judged_as_a_container),
		cmocka_unit_test(a_checkpoint_reaches_no_folder_of_the_host),
		cmocka_unit_test(an_old_container_is_no_way_in),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
