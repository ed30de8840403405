/*
 * The decision of the gate, call by call.  Every deny stands beside an allow
 * that is one edit away.
 */
#include "tests/unit/gate_case.h"

static void
images_are_judged_by_their_normal_form(void **state)
{
	(void)state;
#define RUN(image) {.body = "{\"Image\":\"" image "\"}"}
	CHECK(baseline,
	      {"pinned and allowed", NULL, RUN("nginx:1.27")},
	      {"the same in full", NULL, RUN("docker.io/library/nginx:1.27")},
	      {"any depth", NULL, RUN("registry.example.com/team/a/b:1")},
	      {"no tag", "images.require_tag", RUN("nginx")},
	      {"latest", "images.forbid_tags", RUN("nginx:latest")},
	      {"a digest pins", NULL, RUN("nginx@sha256:fc79b4eaad568d3f054b3a21a191b7a066e18ec5130bbd15f8d91aa0b293bc4b")},
	      {"another registry", "images.allow", RUN("evil.example.com/nginx:1.27")},
	      {"a name that begins alike", "images.allow", RUN("nginx-evil/x:1")},
	      {"a registry that begins alike", "images.allow", RUN("registry.example.com.evil/team/a:1")},
	      {"a folder that begins alike", "images.allow", RUN("registry.example.com/team-evil/a:1")},
	      {"another namespace of the same registry", "images.allow", RUN("docker.io/evil/nginx:1")},
	      {"a forbidden word", "images.forbid_words", RUN("exploit-kit:1")},
	      {"in the tag, in capitals", "images.forbid_words", RUN("nginx:EXPLOIT")},
	      {"malformed", "images.name", RUN("nginx::1")},
	      {"upper case", "images.name", RUN("Nginx:1.27")},
	      {"empty", "images.name", RUN("")},
	      {"a space", "images.name", RUN("nginx:1.27 ")});
#undef RUN
}

static void
an_id_is_judged_by_the_names_dockerd_knows(void **state)
{
	(void)state;
#define BYID(image_, json)                                                     \
	{                                                                      \
		.body = "{\"Image\":\"" image_ "\"}", .image = json            \
	}
#define TAGS(tag) "{\"Id\":\"sha256:" SHA "\",\"RepoTags\":[\"" tag "\"],\"RepoDigests\":[]}"
	CHECK(baseline,
	      {"an id of an allowed image", NULL, BYID("sha256:" SHA, TAGS("nginx:1.27"))},
	      {"bare hex", NULL, BYID(SHA, TAGS("nginx:1.27"))},
	      {"a short id", NULL, BYID("0e6ae4fb1347", TAGS("nginx:1.27"))},
	      {"a short id with its algorithm", NULL, BYID("sha256:0e6ae4fb1347", TAGS("nginx:1.27"))},
	      {"one from elsewhere", "images.unresolved", BYID("sha256:0e6ae4fb1347", TAGS("evil.example.com/x:1"))},
	      {"of an image from elsewhere", "images.unresolved", BYID("sha256:" SHA, TAGS("evil.example.com/x:1"))},
	      {"a short id from elsewhere", "images.unresolved", BYID("0e6ae4fb1347", TAGS("evil.example.com/x:1"))},
	      {"unknown", "images.unresolved", BYID("sha256:" SHA, NULL)},
	      {"of an image with a forbidden word", "images.unresolved", BYID("sha256:" SHA, TAGS("nginx:exploit"))},
	      {"the beginning of another kind of id", "images.require_tag", BYID("beef", "{\"Id\":\"sha512:beef\",\"RepoTags\":[\"evil.example.com/x:1\"]}")},
	      {"without any name", "images.unresolved", BYID("sha256:" SHA, "{\"Id\":\"sha256:" SHA "\",\"RepoTags\":[],\"RepoDigests\":[]}")},
	      {"a name that looks like an id, and is none", "images.require_tag", BYID("beef", NULL)});
}

static void
a_local_name_is_told_from_a_pulled_one(void **state)
{
	static const char strict[] =
		"version: 1\n"
		"images: {allow: [docker.io/library/*], unverified_local: deny}\n";

	(void)state;
#define WITH(digests) {.body = "{" IMG "}", .image = "{\"Id\":\"sha256:" SHA "\",\"RepoTags\":[\"nginx:1.27\"],\"RepoDigests\":[" digests "]}"}
	CHECK(strict,
	      {"pulled", NULL, WITH("\"nginx@sha256:" SHA "\"")},
	      {"made here", "images.unverified_local", WITH("")},
	      {"made here, by its id", "images.unresolved", {.body = "{\"Image\":\"sha256:" SHA "\"}", .image = TAGS("nginx:1.27")}},
	      {"pulled from elsewhere", "images.unverified_local", WITH("\"evil.example.com/nginx@sha256:" SHA "\"")},
	      {"not here yet", NULL, {.body = "{" IMG "}"}});
#undef WITH
}

static void
what_weakens_isolation_is_refused(void **state)
{
	(void)state;
	CHECK(baseline,
	      {"nothing", NULL, HOST("")},
	      {"privileged", "containers.privileged", HOST("\"Privileged\":true")},
	      {"not privileged", NULL, HOST("\"Privileged\":false")},
	      {"host network", "containers.network_mode", HOST("\"NetworkMode\":\"host\"")},
	      {"a network of one's own", NULL, HOST("\"NetworkMode\":\"shop\"")},
	      {"host pid", "containers.pid_mode", HOST("\"PidMode\":\"host\"")},
	      {"another's pid", "containers.pid_mode", HOST("\"PidMode\":\"container:web\"")},
	      {"host ipc", "containers.ipc_mode", HOST("\"IpcMode\":\"host\"")},
	      {"private ipc", NULL, HOST("\"IpcMode\":\"private\"")},
	      {"host uts", "containers.uts_mode", HOST("\"UTSMode\":\"host\"")},
	      {"host userns", "containers.userns_mode", HOST("\"UsernsMode\":\"host\"")},
	      {"host cgroupns", "containers.cgroupns_mode", HOST("\"CgroupnsMode\":\"host\"")},
	      {"private cgroupns", NULL, HOST("\"CgroupnsMode\":\"private\"")},
	      {"cap", "containers.capabilities", HOST("\"CapAdd\":[\"SYS_ADMIN\"]")},
	      {"cap in small letters", "containers.capabilities", HOST("\"CapAdd\":[\"cap_sys_admin\"]")},
	      {"cap as a string, as 20.10 takes it", "containers.capabilities", HOST("\"CapAdd\":\"SYS_ADMIN\"")},
	      {"all caps", "containers.capabilities", HOST("\"CapAdd\":[\"all\"]")},
	      {"a cap of the default set", NULL, HOST("\"CapAdd\":[\"CAP_CHOWN\"]")},
	      {"a device", "containers.devices", HOST("\"Devices\":[{\"PathOnHost\":\"/dev/sda\"}]")},
	      {"no device", NULL, HOST("\"Devices\":[]")},
	      {"device rule", "containers.devices", HOST("\"DeviceCgroupRules\":[\"a *:* rwm\"]")},
	      {"gpu", "containers.devices", HOST("\"DeviceRequests\":[{\"Count\":-1}]")},
	      {"seccomp off", "containers.security_opt", HOST("\"SecurityOpt\":[\"seccomp=unconfined\"]")},
	      {"seccomp off with a colon", "containers.security_opt", HOST("\"SecurityOpt\":[\"seccomp:unconfined\"]")},
	      {"a profile pasted in", "containers.security_opt", HOST("\"SecurityOpt\":[\"seccomp={}\"]")},
	      {"apparmor off", "containers.security_opt", HOST("\"SecurityOpt\":[\"apparmor=unconfined\"]")},
	      {"label off", "containers.security_opt", HOST("\"SecurityOpt\":[\"label=disable\"]")},
	      {"label off, bare", "containers.security_opt", HOST("\"SecurityOpt\":[\"disable\"]")},
	      {"no new privileges", NULL, HOST("\"SecurityOpt\":[\"no-new-privileges\"]")},
	      {"no new privileges taken back", "containers.security_opt", HOST("\"SecurityOpt\":[\"no-new-privileges:false\"]")},
	      {"unmasked", "containers.proc_paths", HOST("\"MaskedPaths\":[]")},
	      {"masked by default", NULL, HOST("\"MaskedPaths\":null")},
	      {"writable proc", "containers.proc_paths", HOST("\"ReadonlyPaths\":[]")},
	      {"a sysctl of the host", "containers.sysctls", HOST("\"Sysctls\":{\"kernel.msgmax\":\"1\"}")},
	      {"a safe sysctl", NULL, HOST("\"Sysctls\":{\"net.ipv4.tcp_syncookies\":\"1\"}")},
	      {"a runtime", "containers.runtime", HOST("\"Runtime\":\"crun-vm\"")},
	      {"the runtime", NULL, HOST("\"Runtime\":\"runc\"")},
	      {"a cgroup", "containers.cgroup_parent", HOST("\"CgroupParent\":\"/custom\"")},
	      {"oom score", "containers.oom", HOST("\"OomScoreAdj\":-500")},
	      {"oom score the other way", NULL, HOST("\"OomScoreAdj\":500")},
	      {"no oom killer", "containers.oom", HOST("\"OomKillDisable\":true")},
	      {"a field nobody knows", "containers.unknown_field", HOST("\"HostRoot\":true")},
	      {"unset, it does nothing", NULL, HOST("\"HostRoot\":false")},
	      {"a log driver that leaves the host", "containers.log_driver", HOST("\"LogConfig\":{\"Type\":\"syslog\"}")},
	      {"the log driver", NULL, HOST("\"LogConfig\":{\"Type\":\"json-file\"}")},
	      {"joins the host's network by endpoint", "containers.network_mode", {.body = "{" IMG ",\"NetworkingConfig\":{\"EndpointsConfig\":{\"host\":{}}}}"}});
}

#define ENDPOINT(options) {.body = "{" IMG ",\"NetworkingConfig\":{\"EndpointsConfig\":{\"shop\":{\"DriverOpts\":{" options "}}}}}"}
#define CONNECT(options) {.uri = "/v1.41/networks/shop/connect", .body = "{\"Container\":\"web\",\"EndpointConfig\":{\"DriverOpts\":{" options "}}}"}
#define IF_SYSCTLS(list) "\"com.docker.network.endpoint.sysctls\":\"" list "\""
#define LOG_MARTIANS "net.ipv4.conf.IFNAME.log_martians=1"

static void
what_reaches_the_runtime_or_the_interface_is_judged(void **state)
{
	static const char listed[] =
		"version: 1\n"
		"containers:\n"
		"  annotations: {allow: [com.example.*]}\n"
		"  sysctls: {allow: [net.ipv4.conf.IFNAME.log_martians]}\n";

	(void)state;
	CHECK(baseline,
	      {"no annotations", NULL, HOST("\"Annotations\":{}")},
	      {"one", "containers.annotations", HOST("\"Annotations\":{\"com.example.a\":\"1\"}")},
	      {"an endpoint", NULL, ENDPOINT("\"com.docker.network.endpoint.ifname\":\"e0\"")},
	      {"sysctls of it", "containers.sysctls", ENDPOINT(IF_SYSCTLS(LOG_MARTIANS))},
	      {"none", NULL, ENDPOINT(IF_SYSCTLS(""))},
	      {"options that are no map", "gate.body_ambiguous", {.body = "{" IMG ",\"NetworkingConfig\":{\"EndpointsConfig\":{\"shop\":{\"DriverOpts\":[]}}}}"}},
	      {"connected", NULL, CONNECT("")},
	      {"connected with sysctls", "containers.sysctls", CONNECT(IF_SYSCTLS(LOG_MARTIANS))},
	      {"a service with sysctls", "containers.sysctls", {.uri = "/v1.41/services/create", .body = "{\"Name\":\"s\",\"TaskTemplate\":{\"ContainerSpec\":{\"Image\":\"nginx:1.27\"},\"Networks\":[{\"Target\":\"shop\",\"DriverOpts\":{" IF_SYSCTLS(LOG_MARTIANS) "}}]}}", .network = "shop"}});
	CHECK(listed,
	      {"a listed annotation", NULL, HOST("\"Annotations\":{\"com.example.a\":\"1\"}")},
	      {"one that begins alike", "containers.annotations", HOST("\"Annotations\":{\"com.examples\":\"1\"}")},
	      {"a listed sysctl", NULL, CONNECT(IF_SYSCTLS(LOG_MARTIANS))},
	      {"one behind it", "containers.sysctls", CONNECT(IF_SYSCTLS(LOG_MARTIANS ",net.ipv4.conf.IFNAME.forwarding=1"))});
	CHECK("version: 1\ncontainers: {profile: privileged}\n",
	      {"the profile takes any", NULL, HOST("\"Annotations\":{\"com.example.a\":\"1\"}")},
	      {"and any sysctl", NULL, CONNECT(IF_SYSCTLS(LOG_MARTIANS))});
}

static void
mounts_are_judged_in_every_spelling(void **state)
{
	(void)state;
	CHECK(baseline,
	      {"an allowed folder", NULL, HOST("\"Binds\":[\"/srv/www:/www:ro\"]")},
	      {"a named volume", NULL, HOST("\"Binds\":[\"data:/data\"]")},
	      {"an anonymous one", NULL, HOST("\"Binds\":[\"/data\"]")},
	      {"a folder that begins alike", "containers.binds", HOST("\"Binds\":[\"/srv-evil:/www\"]")},
	      {"one file, by name", NULL, HOST("\"Binds\":[\"/etc/localtime:/etc/localtime:ro\"]")},
	      {"another file there", "containers.binds", HOST("\"Binds\":[\"/etc/shadow:/s\"]")},
	      {"the Docker socket", "containers.binds", HOST("\"Binds\":[\"/run/docker.sock:/s\"]")},
	      {"what holds it", "containers.binds", HOST("\"Binds\":[\"/run:/s\"]")},
	      {"the kernel's", "containers.binds", HOST("\"Binds\":[\"/proc/sys:/s\"]")},
	      {"the host", "containers.binds", HOST("\"Binds\":[\"/:/host\"]")},
	      {"the store", "gate.self", HOST("\"Binds\":[\"/var/lib/aegis/aegis.db:/s\"]")},
	      {"its folder", "containers.binds", HOST("\"Binds\":[\"/var/lib/aegis:/s\"]")},
	      {"a file of the configuration", "gate.self", HOST("\"Binds\":[\"/etc/aegis/aegis.yaml:/s\"]")},
	      {"propagation", "containers.binds", HOST("\"Binds\":[\"/srv/www:/www:rshared\"]")},
	      {"four parts", "gate.body_ambiguous", HOST("\"Binds\":[\"/srv/a:/b:ro:/c\"]")},
	      {"null in the list", "gate.body_ambiguous", HOST("\"Binds\":[null,\"/srv/a:/b\"]")},
	      {"a link out of the folder", "containers.binds", {.body = "{" IMG ",\"HostConfig\":{\"Binds\":[\"/srv/www:/www\"]}}", .resolved = "/boot"}},
	      {"as a mount", NULL, MOUNT("\"Type\":\"bind\",\"Source\":\"/srv/www\",\"Target\":\"/www\"")},
	      {"a mount of the host", "containers.binds", MOUNT("\"Type\":\"bind\",\"Source\":\"/boot\",\"Target\":\"/www\"")},
	      {"a volume", NULL, MOUNT("\"Type\":\"volume\",\"Source\":\"data\",\"Target\":\"/data\"")},
	      {"a volume that is a bind", "containers.volumes", MOUNT("\"Type\":\"volume\",\"Target\":\"/h\",\"VolumeOptions\":{\"DriverConfig\":{\"Name\":\"local\",\"Options\":{\"type\":\"none\",\"o\":\"bind\",\"device\":\"/\"}}}")},
	      {"in small letters", "containers.volumes", MOUNT("\"type\":\"volume\",\"target\":\"/h\",\"volumeoptions\":{\"driverconfig\":{\"options\":{\"type\":\"none\",\"o\":\"bind\",\"device\":\"/\"}}}")},
	      {"a tmpfs by the local driver", NULL, MOUNT("\"Type\":\"volume\",\"Target\":\"/h\",\"VolumeOptions\":{\"DriverConfig\":{\"Options\":{\"type\":\"tmpfs\",\"device\":\"tmpfs\",\"o\":\"size=1m\"}}}")},
	      {"a volume driver", "containers.volumes", HOST("\"VolumeDriver\":\"rexray\"")},
	      {"tmpfs", NULL, MOUNT("\"Type\":\"tmpfs\",\"Target\":\"/t\"")},
	      {"a kind nobody knows", "containers.volumes", MOUNT("\"Type\":\"npipe\",\"Source\":\"/x\",\"Target\":\"/t\"")});
}

static void
a_denied_folder_is_not_had_by_one_above(void **state)
{
	static const char homes[] =
		"version: 1\n"
		"containers:\n"
		"  binds: {allow: [/home/**, /home/carol], deny: [/home/*/.ssh/**, /home/*/work/key*]}\n";
	static const char open[] =
		"version: 1\n"
		"containers: {profile: privileged, binds: {deny: [/home/*/.ssh/**]}}\n";

	(void)state;
	CHECK(homes,
	      {"a project", NULL, HOST("\"Binds\":[\"/home/alice/shop:/h\"]")},
	      {"what is denied", "containers.binds", HOST("\"Binds\":[\"/home/alice/.ssh:/h\"]")},
	      {"what is in it", "containers.binds", HOST("\"Binds\":[\"/home/alice/.ssh/id:/h\"]")},
	      {"the home that holds it", "containers.binds", HOST("\"Binds\":[\"/home/alice:/h\"]")},
	      {"by a link", "containers.binds", {.body = "{" IMG ",\"HostConfig\":{\"Binds\":[\"/home/alice/shop:/h\"]}}", .resolved = "/home/alice"}},
	      {"as a mount", "containers.binds", HOST("\"Mounts\":[{\"Type\":\"bind\",\"Source\":\"/home/alice\",\"Target\":\"/h\"}]")},
	      {"a home that is written out", NULL, HOST("\"Binds\":[\"/home/carol:/h\"]")},
	      {"a name that begins alike", NULL, HOST("\"Binds\":[\"/home/alice/.sshd:/h\"]")},
	      {"a folder above a name", "containers.binds", HOST("\"Binds\":[\"/home/alice/work:/h\"]")},
	      {"a folder beside it", NULL, HOST("\"Binds\":[\"/home/alice/work/src:/h\"]")});
	CHECK(open,
	      {"the privileged profile", NULL, HOST("\"Binds\":[\"/boot:/h\"]")},
	      {"has its denied folders too", "containers.binds", HOST("\"Binds\":[\"/home/alice/.ssh:/h\"]")},
	      {"and what holds them", "containers.binds", HOST("\"Binds\":[\"/home:/h\"]")});
}

static void
bodies_that_go_reads_otherwise_are_refused(void **state)
{
	(void)state;
	CHECK(baseline,
	      {"plain", NULL, {.body = "{" IMG "}"}},
	      {"small letters are read as Go reads them", "containers.privileged", {.body = "{" IMG ",\"hostconfig\":{\"privileged\":true}}"}},
	      {"a key twice", "gate.body_ambiguous", {.body = "{" IMG ",\"HostConfig\":{},\"HostConfig\":{}}"}},
	      {"twice but for case", "gate.body_ambiguous", {.body = "{" IMG ",\"image\":\"nginx:1.27\"}"}},
	      {"the Kelvin sign", "gate.body_ambiguous", HOST("\"Networ\xe2\x84\xaaMode\":\"host\"")},
	      {"the long s", "gate.body_ambiguous", HOST("\"Bind\xc5\xbf\":[\"/:/h\"]")},
	      {"an escape in a key", "gate.body_ambiguous", HOST("\"\\u0050rivileged\":true")},
	      {"NUL in a key", "gate.body_ambiguous", {.body = "{" IMG ",\"HostConfig\":{\"Privileged\":true},\"HostConfig\\u0000x\":{}}"}},
	      {"NUL in a value", "gate.body_ambiguous", {.body = "{\"Image\":\"nginx:1.27\\u0000\"}"}},
	      {"two values", "gate.body_ambiguous", {.body = "{" IMG "}{" IMG "}"}},
	      {"a wrong type", "gate.body_ambiguous", HOST("\"Privileged\":\"true\"")},
	      {"HostConfig at the top, as old engines read it", "gate.body_ambiguous", {.body = "{" IMG ",\"Privileged\":true}"}},
	      {"nor beside a field of no meaning", NULL, {.body = "{" IMG ",\"X\":1,\"Privileged\":false,\"Binds\":[]}"}},
	      {"an empty list there unmasks", "gate.body_ambiguous", {.body = "{" IMG ",\"MaskedPaths\":[]}"}},
	      {"in small letters", "gate.body_ambiguous", {.body = "{" IMG ",\"readonlypaths\":[]}"}},
	      {"null there masks", NULL, {.body = "{" IMG ",\"MaskedPaths\":null}"}},
	      {"an empty list of the container's own", NULL, {.body = "{" IMG ",\"Cmd\":[]}"}},
	      {"zero at the top does nothing", NULL, {.body = "{" IMG ",\"Privileged\":false}"}},
	      {"null keeps the true before it: twice", "gate.body_ambiguous", HOST("\"Privileged\":true,\"Privileged\":null")},
	      {"labels may be called anything", NULL, {.body = "{" IMG ",\"Labels\":{\"a\":\"1\",\"A\":\"2\",\"\xc3\xa9\":\"3\"}}"}},
	      {"no body", "gate.body_missing", {.length = "1048576", .type = "application/json"}},
	      {"no body and nothing said of one", "gate.body_missing", {.method = "POST"}},
	      {"not an object", "gate.body_ambiguous", {.body = "[]"}},
	      {"null", "gate.body_ambiguous", {.body = "null"}});
}

static void
a_hidden_body_is_refused(void **state)
{
#define PULL "/v1.41/images/create?fromImage=nginx&tag=1.27"
#define STOP "/v1.41/containers/web/stop"
	(void)state;
	CHECK(baseline,
	      {"a stop", NULL, {.uri = STOP, .length = "0"}},
	      {"with a body", "gate.body_unexpected", {.uri = STOP, .length = "10"}},
	      {"of unknown length", "gate.body_unexpected", {.uri = STOP, .type = "text/plain"}},
	      {"neither length nor type, as curl -X POST", NULL, {.uri = STOP}},
	      {"a type of no text", "gate.body_unexpected", {.uri = STOP, .type = ""}},
	      {"a pull", NULL, {.uri = PULL, .length = "0"}},
	      {"with a form", "gate.body_unexpected", {.uri = PULL, .length = "14", .type = "application/x-www-form-urlencoded"}},
	      {"an import is a stream", NULL, {.uri = "/v1.41/images/create?fromSrc=-&repo=app&tag=1", .type = "text/plain"}},
	      {"with a form under another name", "gate.body_unexpected", {.uri = PULL, .length = "14", .type = "text/plain"}},
	      {"a pull with neither", NULL, {.uri = PULL}},
	      {"a commit with neither", NULL, {.uri = "/v1.41/commit?container=web&repo=app&tag=1"}},
	      {"a commit whose body is hidden", "gate.body_missing", {.uri = "/v1.41/commit?container=web&repo=app&tag=1", .type = "application/json"}});
}

/* dockerode and others write JSON where the API has none. */
static void
json_that_is_shown_is_no_form(void **state)
{
#define OPTIONS .body = "{\"abortSignal\":{}}", .length = "18"
#define BEGIN(b) {.uri = "/v1.41/containers/web/start", .body = b, .container = INSPECT(""), .image = NGINX}
	(void)state;
	CHECK(baseline,
	      {"a stop", NULL, {.uri = STOP, OPTIONS}},
	      {"read by one parser only", "gate.body_ambiguous", {.uri = STOP, .body = "{\"t\":1}{"}},
	      {"a pull", NULL, {.uri = PULL, OPTIONS}},
	      {"a pull is judged by its query", "images.allow", {.uri = "/v1.41/images/create?fromImage=evil.example.com/x&tag=1", .body = "{\"fromImage\":\"nginx\",\"tag\":\"1.27\"}"}},
	      {"an import is a stream", "gate.body_unexpected", {.uri = "/v1.41/images/create?fromSrc=-&repo=app&tag=1", OPTIONS}},
	      {"so is a build", "gate.body_unexpected", {.uri = "/v1.41/build?t=app:1", OPTIONS}},
	      {"a tag", NULL, {.uri = "/v1.41/images/nginx:1.27/tag?repo=app&tag=1", OPTIONS}},
	      {"a removal", NULL, {.method = "DELETE", .uri = "/v1.41/containers/web?force=1", OPTIONS}},
	      {"a start with nothing", NULL, BEGIN("{}")},
	      {"a start with null", NULL, BEGIN("null")},
	      {"a start with a HostConfig", "gate.body_unexpected", BEGIN("{\"Privileged\":true}")},
	      {"a start with a list", "gate.body_unexpected", BEGIN("[]")},
	      {"a login, shown", NULL, {.uri = "/v1.41/auth", .body = "{\"username\":\"a\",\"password\":\"b\"}"}},
	      {"a login that the engine keeps to itself", NULL, {.uri = "/v1.41/auth", .type = "application/json", .length = "40"}},
	      {"what stands behind it is none", "gate.endpoint_unknown", {.uri = "/v1.41/x/auth", .type = "application/json", .length = "40"}});
}

static void
spellings_of_a_uri_are_one(void **state)
{
	(void)state;
#define AT(u) {.uri = u, .body = "{" IMG ",\"HostConfig\":{\"Privileged\":true}}"}
	CHECK(baseline,
	      {"encoded", "containers.privileged", AT("/v1.41/%63ontainers/%63reate")},
	      {"an encoded slash", "containers.privileged", AT("/v1.41/containers%2fcreate")},
	      {"an absolute form", "containers.privileged", AT("http://docker/v1.41/containers/create")},
	      {"no version", "containers.privileged", AT("/containers/create")},
	      {"zeros in the version", "containers.privileged", AT("/v01.041/containers/create")},
	      {"a fragment", "gate.uri", AT("/v1.41/containers/create?x=#%zz")},
	      {"two slashes", "gate.uri", AT("/v1.41//containers/create")},
	      {"an old API", "gate.api_version", AT("/v1.23/containers/create")},
	      {"the oldest taken", "containers.privileged", AT("/v1.24/containers/create")},
	      {"unknown and changing", "gate.endpoint_unknown", {.uri = "/v1.41/containers/web/teleport", .length = "0"}},
	      {"unknown and reading", NULL, {.method = "GET", .uri = "/v1.41/containers/web/teleport"}});
}

static void
images_that_come_in_are_judged(void **state)
{
	(void)state;
	CHECK(baseline,
	      {"pull", NULL, POST0("/images/create?fromImage=nginx&tag=1.27")},
	      {"pull of latest", "images.forbid_tags", POST0("/images/create?fromImage=nginx&tag=latest")},
	      {"the tag parameter wins", "images.forbid_tags", POST0("/images/create?fromImage=nginx:1.27&tag=latest")},
	      {"a digest in the tag parameter", NULL, POST0("/images/create?fromImage=nginx&tag=sha256%3A" SHA)},
	      {"a slash behind the '@', which crashed the gate", "images.name", POST0("/images/create?fromImage=anna:secret@r.io/app&tag=1")},
	      {"without a tag of its own", "images.name", POST0("/images/create?fromImage=anna:secret@r.io/app")},
	      {"a port in front of it", NULL, POST0("/images/create?fromImage=registry.example.com/team/app:1@sha256:" SHA "&tag=2")},
	      {"all tags", "images.require_tag", POST0("/images/create?fromImage=nginx")},
	      {"from elsewhere", "images.allow", POST0("/images/create?fromImage=evil.example.com/x&tag=1")},
	      {"the first of two", "images.allow", POST0("/images/create?fromImage=evil.example.com/x&fromImage=nginx&tag=1")},
	      {"tag", NULL, POST0("/images/nginx:1.27/tag?repo=registry.example.com/team/a&tag=1")},
	      {"tag as something else", "images.allow", POST0("/images/nginx:1.27/tag?repo=evil.example.com/a&tag=1")},
	      {"commit", NULL, POST0("/commit?container=web&repo=registry.example.com/team/a&tag=1")},
	      {"commit by the client of 20.10", NULL, {.uri = "/v1.41/commit?container=web&repo=registry.example.com/team/a&tag=1", .body = "null"}},
	      {"a body that is no configuration", "gate.body_ambiguous", {.uri = "/v1.41/commit?container=web&repo=registry.example.com/team/a&tag=1", .body = "[]"}},
	      {"commit as something else", "images.allow", POST0("/commit?container=web&repo=evil.example.com/a")},
	      {"build", NULL, {.uri = "/v1.41/build?t=app:1", .type = "application/x-tar"}},
	      {"the second name of a build", "images.allow", {.uri = "/v1.41/build?t=app:1&t=evil.example.com/app:1", .type = "application/x-tar"}},
	      {"build on the host's network", "build.network", {.uri = "/v1.41/build?t=app:1&networkmode=host", .type = "application/x-tar"}},
	      {"build from afar", "build.remote", {.uri = "/v1.41/build?t=app:1&remote=http://127.0.0.1/x.git", .type = "application/x-tar"}},
	      {"an import by address", "build.remote", POST0("/images/create?fromSrc=http://169.254.169.254/x.tar&repo=app&tag=1")},
	      {"by address without a scheme, as dockerd takes it", "build.remote", POST0("/images/create?fromSrc=127.0.0.1/x.tar&repo=app&tag=1")},
	      {"an import of a stream", NULL, {.uri = "/v1.41/images/create?fromSrc=-&repo=app&tag=1", .type = "text/plain"}},
	      {"a pull does not look at it", NULL, POST0("/images/create?fromImage=nginx&tag=1.27&fromSrc=http://x/y.tar")},
	      {"push", NULL, POST0("/images/registry.example.com/team/a/push?tag=1")},
	      {"push elsewhere", "images.allow", POST0("/images/evil.example.com/a/push?tag=1")});
}

/* BuildKit names what it makes in a parameter of its own. */
static void
outputs_of_a_build_are_names_too(void **state)
{
#define OUTPUTS(json) {.uri = "/v1.41/build?version=2&t=app:1&outputs=" json, .length = "0"}
	(void)state;
	CHECK("version: 1\nimages: {allow: [docker.io/library/*]}\nbuild: {remote: allow}\n",
	      {"an address", NULL, {.uri = "/v1.41/images/create?fromSrc=http://127.0.0.1/x.tar&repo=app&tag=1", .length = "0"}});
	CHECK(baseline,
	      {"none", NULL, {.uri = "/v1.41/build?version=2&t=app:1&outputs=", .type = "application/x-tar"}},
	      {"none, as JSON", NULL, {.uri = "/v1.41/build?version=2&t=app:1&outputs=null", .type = "application/x-tar"}},
	      {"an allowed name", NULL, OUTPUTS("[{%22Type%22:%22moby%22,%22Attrs%22:{%22name%22:%22app:2%22}}]")},
	      {"another", "images.allow", OUTPUTS("[{%22Type%22:%22moby%22,%22Attrs%22:{%22name%22:%22evil.example.com/x:1%22}}]")},
	      {"in small letters", "images.allow", OUTPUTS("[{%22type%22:%22moby%22,%22attrs%22:{%22name%22:%22evil.example.com/x:1%22}}]")},
	      {"the second of a list", "images.allow", OUTPUTS("[{%22Type%22:%22moby%22,%22Attrs%22:{%22name%22:%22app:2,evil.example.com/x:1%22}}]")},
	      {"the second output", "images.allow", OUTPUTS("[{%22Type%22:%22local%22},{%22Type%22:%22image%22,%22Attrs%22:{%22name%22:%22evil.example.com/x:1%22}}]")},
	      {"the second parameter", "images.allow", OUTPUTS("[]&outputs=[{%22Type%22:%22moby%22,%22Attrs%22:{%22name%22:%22evil.example.com/x:1%22}}]")},
	      {"the beginning of a name", "images.allow", OUTPUTS("[{%22Type%22:%22image%22,%22Attrs%22:{%22dangling-name-prefix%22:%22evil.example.com/x%22}}]")},
	      {"files for the client", NULL, OUTPUTS("[{%22Type%22:%22local%22,%22Attrs%22:{%22dest%22:%22out%22}}]")},
	      {"twice", "build.options", OUTPUTS("[{%22Attrs%22:{%22name%22:%22app:2%22},%22attrs%22:{%22name%22:%22evil.example.com/x:1%22}}]")},
	      {"no list", "build.options", OUTPUTS("{%22Type%22:%22moby%22}")},
	      {"no JSON", "build.options", OUTPUTS("type=moby,name=evil.example.com/x:1")},
	      {"no name", "build.options", OUTPUTS("[{%22Attrs%22:{%22name%22:5}}]")});
}

static void
other_endpoints_have_their_checks(void **state)
{
	(void)state;
	CHECK(baseline,
	      {"exec", NULL, {.uri = "/v1.41/containers/web/exec", .body = "{\"Cmd\":[\"id\"]}"}},
	      {"privileged exec", "exec.privileged", {.uri = "/v1.41/containers/web/exec", .body = "{\"Cmd\":[\"id\"],\"privileged\":true}"}},
	      {"update", NULL, {.uri = "/v1.41/containers/web/update", .body = "{\"Memory\":1000000}"}},
	      {"update with a device", "containers.devices", {.uri = "/v1.41/containers/web/update", .body = "{\"Devices\":[{\"PathOnHost\":\"/dev/sda\"}]}"}},
	      {"volume", NULL, {.uri = "/v1.41/volumes/create", .body = "{\"Name\":\"x\"}"}},
	      {"volume that is a bind", "containers.volumes", {.uri = "/v1.41/volumes/create", .body = "{\"Name\":\"x\",\"DriverOpts\":{\"type\":\"none\",\"o\":\"bind\",\"device\":\"/\"}}"}},
	      {"network", NULL, {.uri = "/v1.41/networks/create", .body = "{\"Name\":\"x\",\"Driver\":\"bridge\"}"}},
	      {"macvlan", "networks.driver", {.uri = "/v1.41/networks/create", .body = "{\"Name\":\"x\",\"Driver\":\"macvlan\"}"}},
	      {"copy in", NULL, {.method = "PUT", .uri = "/v1.41/containers/web/archive?path=/tmp", .type = "text/plain"}},
	      {"copy that climbs", "archive.path", {.method = "PUT", .uri = "/v1.41/containers/web/archive?path=/tmp/../etc", .type = "text/plain"}},
	      {"service", NULL, {.uri = "/v1.41/services/create", .body = "{\"Name\":\"s\",\"TaskTemplate\":{\"ContainerSpec\":{\"Image\":\"nginx:1.27\"}}}"}},
	      {"service that mounts", "containers.binds", {.uri = "/v1.41/services/create", .body = "{\"Name\":\"s\",\"TaskTemplate\":{\"ContainerSpec\":{\"Image\":\"nginx:1.27\",\"Mounts\":[{\"Type\":\"bind\",\"Source\":\"/boot\",\"Target\":\"/e\"}]}}}"}},
	      {"service with a capability", "containers.capabilities", {.uri = "/v1.41/services/create", .body = "{\"Name\":\"s\",\"TaskTemplate\":{\"ContainerSpec\":{\"Image\":\"nginx:1.27\",\"CapabilityAdd\":[\"SYS_ADMIN\"]}}}"}},
	      {"service without confinement", "containers.security_opt", {.uri = "/v1.41/services/create", .body = "{\"Name\":\"s\",\"TaskTemplate\":{\"ContainerSpec\":{\"Image\":\"nginx:1.27\",\"Privileges\":{\"Seccomp\":{\"Mode\":\"unconfined\"}}}}}"}},
	      {"plugin", "plugins.privileges", {.uri = "/v1.41/plugins/x/enable", .length = "0"}});
}

#define SERVICE(image, task, rest) .uri = "/v1.41/services/create", .body = "{\"Name\":\"s\",\"TaskTemplate\":{\"ContainerSpec\":{\"Image\":\"" image "\"}" task "}" rest "}"
#define TASK(task) {SERVICE("nginx:1.27", task, "")}
#define ALL_OF(m) {.uri = "/v1.41/services/create", .body = "{\"Name\":\"s\",\"TaskTemplate\":{\"ContainerSpec\":{\"Image\":\"nginx:1.27\",\"Mounts\":[{" m "}]}}}"}

/* Swarm starts its tasks without a call: the service is all that is judged. */
static void
all_of_a_service_is_judged(void **state)
{
	static const char limited[] =
		"version: 1\n"
		"containers: {require_limits: [memory, pids, cpu], memory_max: 1g}\n";
	static const char any_tag[] = "version: 1\nimages: {require_tag: false, forbid_tags: []}\n";
	static const char host_net[] = "version: 1\ncontainers: {host_namespaces: [network]}\n";

	(void)state;
	CHECK(baseline,
	      {"as the docker command writes one", NULL, {.uri = "/v1.41/services/create", .body = "{\"Name\":\"app-svc2\",\"Labels\":{},\"TaskTemplate\":{\"ContainerSpec\":{\"Image\":\"nginx:1.27@sha256:fc79b4eaad568d3f054b3a21a191b7a066e18ec5130bbd15f8d91aa0b293bc4b\",\"Args\":[\"sleep\",\"5\"],\"Init\":false,\"DNSConfig\":{},\"Isolation\":\"default\"},\"Resources\":{\"Limits\":{\"MemoryBytes\":67108864},\"Reservations\":{}},\"RestartPolicy\":{\"Condition\":\"none\"},\"Placement\":{\"Platforms\":[{\"Architecture\":\"amd64\",\"OS\":\"linux\"}]},\"Networks\":[{\"Target\":\"vywqxv3aiu5c6wz1pq1cz6q3t\"}],\"ForceUpdate\":18446744073709551615,\"Runtime\":\"container\"},\"Mode\":{\"Replicated\":{\"Replicas\":1}},\"UpdateConfig\":{\"Parallelism\":1},\"RollbackConfig\":{\"Parallelism\":1},\"EndpointSpec\":{\"Mode\":\"vip\"}}", .network = "shop"}},
	      {"a network by name", NULL, {SERVICE("nginx:1.27", ",\"Networks\":[{\"Target\":\"shop\"}]", ""), .network = "shop"}},
	      {"the host's", "containers.network_mode", TASK(",\"Networks\":[{\"Target\":\"host\"}]")},
	      {"in another case", "containers.network_mode", TASK(",\"networks\":[{\"target\":\"Host\"}]")},
	      {"where old engines look for it", "containers.network_mode", {SERVICE("nginx:1.27", "", ",\"Networks\":[{\"Target\":\"host\"}]")}},
	      {"by the swarm's id of it, as the docker command does", "containers.network_mode", {SERVICE("nginx:1.27", ",\"Networks\":[{\"Target\":\"vywqxv3aiu5c6wz1pq1cz6q3t\"}]", ""), .network = "host"}},
	      {"by one character of that id", "containers.network_mode", {SERVICE("nginx:1.27", ",\"Networks\":[{\"Target\":\"v\"}]", ""), .network = "host"}},
	      {"by its id on this host", "containers.network_mode", TASK(",\"Networks\":[{\"Target\":\"4f1c2a\"}]")},
	      {"a name of hex digits that the swarm knows", NULL, {SERVICE("nginx:1.27", ",\"Networks\":[{\"Target\":\"beef\"}]", ""), .network = "beef"}},
	      {"by nothing, which begins every id", "containers.network_mode", TASK(",\"Networks\":[{}]")},
	      {"a network nobody knows is dockerd's to refuse", NULL, TASK(",\"Networks\":[{\"Target\":\"shop\"}]")},
	      {"networks that are no list", "gate.body_ambiguous", TASK(",\"Networks\":{}")},
	      {"a log driver", NULL, TASK(",\"LogDriver\":{\"Name\":\"json-file\"}")},
	      {"one that leaves the host", "containers.log_driver", TASK(",\"LogDriver\":{\"Name\":\"syslog\"}")},
	      {"a field of the task that nobody knows", "containers.unknown_field", TASK(",\"HostRoot\":true")},
	      {"unset, it does nothing", NULL, TASK(",\"HostRoot\":false")},
	      {"one of the service", "containers.unknown_field", {SERVICE("nginx:1.27", "", ",\"HostRoot\":true")}},
	      {"one of an attachment", "containers.unknown_field", TASK(",\"NetworkAttachmentSpec\":{\"ContainerID\":\"x\",\"HostRoot\":true}")},
	      {"an attachment", NULL, TASK(",\"NetworkAttachmentSpec\":{\"ContainerID\":\"x\"}")});
	CHECK(host_net,
	      {"the host's network, where it is allowed", NULL, TASK(",\"Networks\":[{\"Target\":\"host\"}]")},
	      {"by id", NULL, TASK(",\"Networks\":[{\"Target\":\"4f1c2a\"}]")});
	CHECK(limited,
	      {"limits", NULL, TASK(",\"Resources\":{\"Limits\":{\"MemoryBytes\":1000000,\"NanoCPUs\":1000000000,\"Pids\":9}}")},
	      {"no limit of processes", "containers.resources", TASK(",\"Resources\":{\"Limits\":{\"MemoryBytes\":1000000,\"NanoCPUs\":1000000000}}")},
	      {"a reservation is no limit", "containers.resources", TASK(",\"Resources\":{\"Reservations\":{\"MemoryBytes\":1000000,\"NanoCPUs\":1000000000}}")},
	      {"too much memory", "containers.resources", TASK(",\"Resources\":{\"Limits\":{\"MemoryBytes\":2000000000,\"NanoCPUs\":1000000000,\"Pids\":9}}")});
	CHECK(any_tag,
	      {"an image", NULL, {SERVICE("nginx", "", "")}},
	      {"a short id", "images.unresolved", {SERVICE("0e437223860b", "", "")}},
	      {"a short id with its algorithm", "images.unresolved", {SERVICE("sha256:0e437223860b", "", "")}},
	      {"a whole id", "images.unresolved", {SERVICE("sha256:" SHA, "", "")}},
	      {"in bare hex", "images.unresolved", {SERVICE(SHA, "", "")}});
}

/* What swarm makes of "{{...}}" on the node nobody sees before. */
static void
templates_in_mounts_of_a_service_are_refused(void **state)
{
	(void)state;
	CHECK(baseline,
	      {"a bind", NULL, ALL_OF("\"Type\":\"bind\",\"Source\":\"/srv/{x}\",\"Target\":\"/e\"")},
	      {"its source", "gate.body_ambiguous", ALL_OF("\"Type\":\"bind\",\"Source\":\"/srv/{{index .Service.Labels \\\"x\\\"}}\",\"Target\":\"/e\"")},
	      {"its target", "gate.body_ambiguous", ALL_OF("\"Type\":\"bind\",\"Source\":\"/srv/a\",\"Target\":\"/{{.Node.ID}}\"")},
	      {"an escape does not hide it", "gate.body_ambiguous", ALL_OF("\"Type\":\"bind\",\"Source\":\"/srv/\\u007b\\u007b.Node.ID}}\",\"Target\":\"/e\"")},
	      {"a volume", NULL, ALL_OF("\"Type\":\"volume\",\"Source\":\"v\",\"Target\":\"/e\"")},
	      {"its name", "containers.volumes", ALL_OF("\"Type\":\"volume\",\"Source\":\"{{.Task.Name}}\",\"Target\":\"/e\"")},
	      {"an option of a tmpfs", NULL, ALL_OF("\"Type\":\"volume\",\"Target\":\"/e\",\"VolumeOptions\":{\"DriverConfig\":{\"Options\":{\"type\":\"tmpfs\",\"device\":\"tmpfs\",\"o\":\"size=1m\"}}}")},
	      {"an option that becomes another", "containers.volumes", ALL_OF("\"Type\":\"volume\",\"Target\":\"/e\",\"VolumeOptions\":{\"DriverConfig\":{\"Options\":{\"type\":\"tmpfs\",\"device\":\"tmpfs\",\"o\":\"{{.Service.Name}}\"}}}")},
	      {"a label", "containers.volumes", ALL_OF("\"Type\":\"volume\",\"Target\":\"/e\",\"VolumeOptions\":{\"Labels\":{\"a\":\"{{.Node.ID}}\"}}")},
	      {"a volume made as a bind before the gate", "containers.volumes", {.uri = "/v1.41/services/create", .body = "{\"Name\":\"s\",\"TaskTemplate\":{\"ContainerSpec\":{\"Image\":\"nginx:1.27\",\"Mounts\":[{\"Type\":\"volume\",\"Source\":\"v\",\"Target\":\"/e\"}]}}}", .volume = "{\"Name\":\"v\",\"Driver\":\"local\",\"Options\":{\"type\":\"none\",\"o\":\"bind\",\"device\":\"/\"}}"}},
	      {"a container's mounts are no templates", NULL, MOUNT("\"Type\":\"bind\",\"Source\":\"/srv/{{x}}\",\"Target\":\"/e\"")});
	CHECK("version: 1\ncontainers: {profile: privileged}\n",
	      {"any bind", NULL, ALL_OF("\"Type\":\"bind\",\"Source\":\"/boot\",\"Target\":\"/e\"")},
	      {"but none that might be AEGIS' own", "gate.body_ambiguous", ALL_OF("\"Type\":\"bind\",\"Source\":\"/boot/{{.Service.Name}}\",\"Target\":\"/e\"")});
}

/* A manager is root on every node, and no plugin sees what it starts. */
static void
a_policy_that_checks_swarm_lets_nobody_in(void **state)
{
#define JOIN {.uri = "/v1.41/swarm/join", .body = "{\"RemoteAddrs\":[\"203.0.113.7:2377\"],\"JoinToken\":\"x\"}"}
#define UPDATE(query, spec) {.uri = "/v1.41/swarm/update?version=9" query, .body = "{\"Name\":\"default\"" spec "}"}
	(void)state;
	CHECK(baseline,
	      {"joins another's", "swarm.membership", JOIN},
	      {"opens one", "swarm.membership", {.uri = "/v1.41/swarm/init", .body = "{\"ListenAddr\":\"0.0.0.0:2377\"}"}},
	      {"leaves", "swarm.membership", {.uri = "/v1.41/swarm/leave?force=1", .length = "0"}},
	      {"unlocks", "swarm.membership", {.uri = "/v1.41/swarm/unlock", .body = "{\"UnlockKey\":\"x\"}"}},
	      {"sees the tokens", "swarm.membership", {.method = "GET", .uri = "/v1.41/swarm"}},
	      {"sees the key", "swarm.membership", {.method = "GET", .uri = "/v1.41/swarm/unlockkey"}},
	      {"sees the nodes", NULL, {.method = "GET", .uri = "/v1.41/nodes"}},
	      {"changes a setting", NULL, UPDATE("", "")},
	      {"as the docker command says no", NULL, UPDATE("&rotateManagerToken=false&rotateManagerUnlockKey=false&rotateWorkerToken=false", "")},
	      {"a new token for workers", "swarm.membership", UPDATE("&rotateWorkerToken=true", "")},
	      {"for managers", "swarm.membership", UPDATE("&rotateManagerToken=1", "")},
	      {"a new key", "swarm.membership", UPDATE("&rotateManagerUnlockKey=T", "")},
	      {"the CA it has", NULL, UPDATE("", ",\"CAConfig\":{\"NodeCertExpiry\":7776000000000000}")},
	      {"a CA of one's own", "swarm.membership", UPDATE("", ",\"CAConfig\":{\"SigningCACert\":\"c\",\"SigningCAKey\":\"k\"}")},
	      {"a CA elsewhere", "swarm.membership", UPDATE("", ",\"CAConfig\":{\"externalcas\":[{\"URL\":\"https://203.0.113.7\"}]}")},
	      {"a CA that is no object", "gate.body_ambiguous", UPDATE("", ",\"CAConfig\":[]")},
	      {"a log driver for all", NULL, UPDATE("", ",\"TaskDefaults\":{\"LogDriver\":{\"Name\":\"local\"}}")},
	      {"one that leaves the host", "containers.log_driver", UPDATE("", ",\"TaskDefaults\":{\"LogDriver\":{\"Name\":\"syslog\"}}")});
	CHECK("version: 1\napi: {swarm: allow}\n",
	      {"a policy that allows it", NULL, JOIN},
	      {"the tokens", NULL, {.method = "GET", .uri = "/v1.41/swarm"}},
	      {"a CA of one's own", NULL, UPDATE("", ",\"CAConfig\":{\"SigningCACert\":\"c\",\"SigningCAKey\":\"k\"}")});
	CHECK("version: 1\napi: {swarm: deny}\n",
	      {"a policy that closes it", "api", JOIN},
	      {"the tokens", "api", {.method = "GET", .uri = "/v1.41/swarm"}});
#undef JOIN
#undef UPDATE
}

static void
the_gate_protects_itself(void **state)
{
	static const char open[] = "version: 1\napi: {plugins: allow}\n"
				   "containers: {profile: privileged}\n";

	(void)state;
	CHECK(open,
	      {"another plugin", NULL, {.uri = "/v1.41/plugins/x/disable", .length = "0"}},
	      {"by name", "gate.self", {.uri = "/v1.41/plugins/aegis/disable", .length = "0"}},
	      {"with a tag", "gate.self", {.uri = "/v1.41/plugins/aegis:dev/disable", .length = "0"}},
	      {"encoded", "gate.self", {.uri = "/v1.41/plugins/%61egis/disable?force=1", .length = "0"}},
	      {"in full", "gate.self", {.method = "DELETE", .uri = "/v1.41/plugins/docker.io/library/aegis:latest?force=1"}},
	      {"by id", "gate.self", {.uri = "/v1.41/plugins/b17/disable", .length = "0", .plugin = "{\"Name\":\"aegis:latest\"}"}},
	      {"another by id", NULL, {.uri = "/v1.41/plugins/b17/disable", .length = "0", .plugin = "{\"Name\":\"vieux/sshfs:latest\"}"}},
	      {"a plugin that would stand in its place", "gate.self", {.uri = "/v1.41/plugins/pull?remote=evil/x&name=aegis", .body = "[]"}},
	      {"mounted by a privileged container", "gate.self", HOST("\"Privileged\":true,\"Binds\":[\"/etc/aegis:/x\"]")},
	      {"a folder above, where nothing else is closed", "gate.self", HOST("\"Privileged\":true,\"Binds\":[\"/:/x\"]")},
	      {"a privileged container", NULL, HOST("\"Privileged\":true,\"Binds\":[\"/mnt:/x\"]")});
	CHECK("version: 1\nrules: {containers.binds: audit}\n",
	      {"a folder above, where binds are on trial", "gate.self", HOST("\"Binds\":[\"/:/x\"]")},
	      {"another on trial", NULL, HOST("\"Binds\":[\"/mnt:/x\"]")});
	CHECK("version: 1\nrules: {containers.binds: off}\n",
	      {"a folder above, where binds are off", "gate.self", HOST("\"Binds\":[\"/var/lib:/x\"]")});
	CHECK("version: 1\napi: {plugins: deny}\n",
	      {"where the family is closed too", "gate.self", {.uri = "/v1.41/plugins/aegis/disable", .length = "0"}},
	      {"another there", "api", {.uri = "/v1.41/plugins/x/disable", .length = "0"}});
}

static void
what_dockerd_understood_is_judged_at_start(void **state)
{
	(void)state;
	CHECK(baseline,
	      {"a plain container", NULL, START(INSPECT("\"Privileged\":false"))},
	      {"a privileged one, from before the gate", "containers.privileged", START(INSPECT("\"Privileged\":true"))},
	      {"what dockerd adds to it is no finding", "containers.privileged", START(INSPECT("\"Privileged\":true,\"SecurityOpt\":[\"label=disable\"]"))},
	      {"what a client added is", "containers.security_opt", START(INSPECT("\"SecurityOpt\":[\"label=disable\"]"))},
	      {"restart too", "containers.privileged", {.uri = "/v1.41/containers/web/restart?t=1", .length = "0", .container = INSPECT("\"Privileged\":true"), .image = NGINX}},
	      {"the mounts there are", "containers.binds", START("{\"Id\":\"" SHA "\",\"Name\":\"/web\",\"Image\":\"sha256:" SHA "\",\"Config\":{\"Image\":\"nginx:1.27\"},\"HostConfig\":{},\"Mounts\":[{\"Type\":\"bind\",\"Source\":\"/boot\",\"Destination\":\"/e\",\"RW\":true,\"Propagation\":\"rprivate\"}]}")},
	      {"a volume made as a bind before the gate", "containers.volumes", {.uri = "/v1.41/containers/web/start", .length = "0", .image = NGINX, .volume = "{\"Name\":\"v\",\"Driver\":\"local\",\"Options\":{\"type\":\"none\",\"o\":\"bind\",\"device\":\"/\"}}", .container = "{\"Id\":\"" SHA "\",\"Name\":\"/web\",\"Image\":\"sha256:" SHA "\",\"Config\":{\"Image\":\"nginx:1.27\"},\"HostConfig\":{},\"Mounts\":[{\"Type\":\"volume\",\"Name\":\"v\",\"Source\":\"/var/lib/docker/volumes/v/_data\",\"Destination\":\"/e\",\"Driver\":\"local\",\"RW\":true}]}"}},
	      {"a plain volume", NULL, {.uri = "/v1.41/containers/web/start", .length = "0", .image = NGINX, .volume = "{\"Name\":\"v\",\"Driver\":\"local\",\"Options\":null}", .container = "{\"Id\":\"" SHA "\",\"Name\":\"/web\",\"Image\":\"sha256:" SHA "\",\"Config\":{\"Image\":\"nginx:1.27\"},\"HostConfig\":{},\"Mounts\":[{\"Type\":\"volume\",\"Name\":\"v\",\"Source\":\"/var/lib/docker/volumes/v/_data\",\"Destination\":\"/e\",\"Driver\":\"local\",\"RW\":true}]}"}},
	      {"an image pulled under another name", "images.unverified_local", {.uri = "/v1.41/containers/web/start", .length = "0", .container = INSPECT(""), .image = "{\"Id\":\"sha256:" SHA "\",\"RepoTags\":[\"nginx:1.27\"],\"RepoDigests\":[\"evil.example.com/x@sha256:" SHA "\"]}"}},
	      {"an image that is gone", "images.unresolved", {.uri = "/v1.41/containers/web/start", .length = "0", .container = INSPECT("")}},
	      {"a container that is not there is dockerd's to refuse", NULL, {.uri = "/v1.41/containers/web/start", .length = "0"}},
	      {"a look-up that failed", "gate.lookup", {.uri = "/v1.41/containers/web/start", .length = "0", .failed = "dockerd did not answer within 5 s"}},
	      {"unpause too", "containers.privileged", {.uri = "/v1.41/containers/web/unpause", .length = "0", .container = INSPECT("\"Privileged\":true"), .image = NGINX}},
	      {"exec start", NULL, {.uri = "/v1.41/exec/b17/start", .body = "{\"Detach\":false}", .exec = "{\"ContainerID\":\"" SHA "\",\"ProcessConfig\":{\"privileged\":false,\"entrypoint\":\"id\"}}"}},
	      {"privileged exec start", "exec.privileged", {.uri = "/v1.41/exec/b17/start", .body = "{\"Detach\":false}", .exec = "{\"ContainerID\":\"" SHA "\",\"ProcessConfig\":{\"privileged\":true,\"entrypoint\":\"id\"}}"}});
}

/* Exec, and attach with stdin, are worth what the container is worth. */
static void
who_reaches_into_a_container_gets_what_it_is(void **state)
{
	static const char waived[] =
		"version: 1\n"
		"exceptions:\n"
		"  - {name: a, owner: o, reason: r, until: 2027-01-31, match: {image: docker.io/library/nginx, container: web, label: team=ops}, waive: [containers.privileged]}\n";
#define PLAIN_EXEC "{\"ContainerID\":\"" SHA "\",\"ProcessConfig\":{\"privileged\":false,\"entrypoint\":\"id\"}}"
#define EXEC(c) .uri = "/v1.41/exec/b17/start", .body = "{\"Detach\":false}", .exec = PLAIN_EXEC, .container = c
#define ATTACH(q) .uri = "/v1.41/containers/web/attach?" q, .length = "0", .container = INSPECT("\"Privileged\":true")
#define BOOT "{\"Id\":\"" SHA "\",\"Name\":\"/web\",\"Image\":\"sha256:" SHA "\",\"Config\":{\"Image\":\"nginx:1.27\"},\"HostConfig\":{},\"Mounts\":[{\"Type\":\"bind\",\"Source\":\"/boot\",\"Destination\":\"/e\",\"RW\":true}]}"
#define PRIVILEGED_OF(labels) "{\"Id\":\"" SHA "\",\"Name\":\"/web\",\"Image\":\"sha256:" SHA "\",\"Config\":{\"Image\":\"nginx:1.27\",\"Labels\":" labels "},\"HostConfig\":{\"Privileged\":true},\"Mounts\":[]}"

	(void)state;
	CHECK(baseline,
	      {"an exec made in a privileged one", "containers.privileged", {.uri = "/v1.41/containers/web/exec", .body = "{\"Cmd\":[\"id\"]}", .container = INSPECT("\"Privileged\":true")}},
	      {"both are judged", "exec.privileged", {.uri = "/v1.41/containers/web/exec", .body = "{\"Cmd\":[\"id\"],\"Privileged\":true}", .container = INSPECT("\"Privileged\":false")}},
	      {"a copy into one that never ran", "containers.binds", {.method = "PUT", .uri = "/v1.41/containers/web/archive?path=/h", .container = BOOT}},
	      {"a copy out of it", "containers.binds", {.method = "GET", .uri = "/v1.41/containers/web/archive?path=/h/shadow", .container = BOOT}},
	      {"a look at a file of it", "containers.binds", {.method = "HEAD", .uri = "/v1.41/containers/web/archive?path=/h/shadow", .container = BOOT}},
	      {"a copy out of a plain one", NULL, {.method = "GET", .uri = "/v1.41/containers/web/archive?path=/h", .container = INSPECT("\"Privileged\":false")}},
	      {"its description", NULL, {.method = "GET", .uri = "/v1.41/containers/web/json"}},
	      {"an exec in a plain container", NULL, {EXEC(INSPECT("\"Privileged\":false")), .image = NGINX}},
	      {"in a privileged one, from before the gate", "containers.privileged", {EXEC(INSPECT("\"Privileged\":true")), .image = NGINX}},
	      {"its mounts", "containers.binds", {EXEC(BOOT), .image = NGINX}},
	      {"an image that lost its name since", NULL, {EXEC(INSPECT("\"Privileged\":false"))}},
	      {"a container that cannot be read", "gate.lookup", {EXEC("{\"Id\":\"" SHA "\"}")}},
	      {"attach with stdin", "containers.privileged", {ATTACH("stream=1&stdin=1&stdout=1")}},
	      {"attach that only looks", NULL, {ATTACH("stream=1&stdin=0&stdout=1")}},
	      {"over a web socket, which has stdin unasked", "containers.privileged", {.method = "GET", .uri = "/v1.41/containers/web/attach/ws?stream=1", .container = INSPECT("\"Privileged\":true")}},
	      {"over a web socket", "containers.privileged", {.method = "GET", .uri = "/v1.41/containers/web/attach/ws?stdin=true", .container = INSPECT("\"Privileged\":true")}});
	CHECK("version: 1\napi: {exec: allow}\n",
	      {"a policy that allows exec anywhere", NULL, {EXEC(INSPECT("\"Privileged\":true")), .image = NGINX}},
	      {"but for privilege of its own", "exec.privileged", {.uri = "/v1.41/containers/web/exec", .body = "{\"Cmd\":[\"id\"],\"Privileged\":true}", .container = INSPECT("\"Privileged\":true")}});
	CHECK(waived,
	      {"the exception of its container", NULL, {EXEC(PRIVILEGED_OF("{\"team\":\"ops\"}")), .image = NGINX}},
	      {"another label", "containers.privileged", {EXEC(PRIVILEGED_OF("{\"team\":\"dev\"}")), .image = NGINX}});
}

/* dockerd finds a bind's source again at each restart of its own, unasked. */
static void
a_bind_inside_a_writable_one_is_refused(void **state)
{
	static const char any[] = "version: 1\ncontainers: {binds: {allow: [/srv/**], nested: allow}}\n";
	static const char rooted[] = "version: 1\ncontainers: {binds: {allow: [/srv/**, /srv/docker/shared/**]}}\n";

	(void)state;
#define BOUND(source, rw) "{\"Id\":\"" SHA "\",\"Name\":\"/web\",\"Image\":\"sha256:" SHA "\",\"Config\":{\"Image\":\"nginx:1.27\"},\"HostConfig\":{},\"Mounts\":[{\"Type\":\"bind\",\"Source\":\"" source "\",\"Destination\":\"/e\",\"RW\":" rw "}]}"
#define BOUND_START(source, rw, ...) {.uri = "/v1.41/containers/web/start", .length = "0", .image = NGINX, .container = BOUND(source, rw), .other = {__VA_ARGS__}}
	CHECK(baseline,
	      {"a bind", NULL, BOUND_START("/srv/w/a", "true", 0)},
	      {"inside another's", "containers.binds", BOUND_START("/srv/w/a", "true", "db", "/srv/w", true)},
	      {"read-only, it can be swapped too", "containers.binds", BOUND_START("/srv/w/a", "false", "db", "/srv/w", true)},
	      {"inside another's that is read-only", NULL, BOUND_START("/srv/w/a", "true", "db", "/srv/w", false)},
	      {"the same folder", NULL, BOUND_START("/srv/w/a", "true", "db", "/srv/w/a", true)},
	      {"one that begins alike", NULL, BOUND_START("/srv/w/ab", "true", "db", "/srv/w/a", true)},
	      {"any depth", "containers.binds", BOUND_START("/srv/w/a/b/c", "true", "db", "/srv/w", true)},
	      {"holds another's", "containers.binds", BOUND_START("/srv/w", "true", "db", "/srv/w/a", false)},
	      {"a copy into what holds another's, which could bring a link", "containers.binds", {.method = "PUT", .uri = "/v1.41/containers/web/archive?path=/w", .container = BOUND("/srv/w", "true"), .other = {"db", "/srv/w/a", false}}},
	      {"a copy out of it", NULL, {.method = "GET", .uri = "/v1.41/containers/web/archive?path=/w", .container = BOUND("/srv/w", "true"), .other = {"db", "/srv/w/a", false}}},
	      {"holds another's, read-only", NULL, BOUND_START("/srv/w", "false", "db", "/srv/w/a", true)},
	      {"written within, though it leads out", "containers.binds", {.uri = "/v1.41/containers/web/start", .length = "0", .image = NGINX, .container = BOUND("/srv/w/a", "true"), .resolved = "/srv/else", .other = {"db", "/srv/w", true}}},
	      {"leads in, though it is written elsewhere", "containers.binds", {.uri = "/v1.41/containers/web/start", .length = "0", .image = NGINX, .container = BOUND("/srv/link", "true"), .resolved = "/srv/w/a", .other = {"db", "/srv/w", true}}},
	      {"passes by a link there", "containers.binds", {.uri = "/v1.41/containers/web/start", .length = "0", .image = NGINX, .container = BOUND("/srv/link", "true"), .resolved = "/srv/else", .turn = "/srv/w/l2", .other = {"db", "/srv/w", true}}},
	      {"passes by a link elsewhere", NULL, {.uri = "/v1.41/containers/web/start", .length = "0", .image = NGINX, .container = BOUND("/srv/link", "true"), .resolved = "/srv/else", .turn = "/srv/l2", .other = {"db", "/srv/w", true}}},
	      {"who runs already has its mounts", NULL, {.uri = "/v1.41/exec/b17/start", .body = "{\"Detach\":false}", .exec = PLAIN_EXEC, .container = BOUND("/srv/w/a", "true"), .other = {"db", "/srv/w", true}}},
	      {"a service", "containers.binds", {.uri = "/v1.41/services/create", .body = "{\"Name\":\"s\",\"TaskTemplate\":{\"ContainerSpec\":{\"Image\":\"nginx:1.27\",\"Mounts\":[{\"Type\":\"bind\",\"Source\":\"/srv/w/a\",\"Target\":\"/e\"}]}}}", .other = {"db", "/srv/w", true}}},
	      {"a container's own", "containers.binds", HOST("\"Binds\":[\"/srv/w:/w\",\"/srv/w/a:/a\"]")},
	      {"with the outer one read-only", NULL, HOST("\"Binds\":[\"/srv/w:/w:ro\",\"/srv/w/a:/a\"]")},
	      {"side by side", NULL, HOST("\"Binds\":[\"/srv/w:/w\",\"/srv/v/a:/a\"]")},
	      {"one folder twice", NULL, HOST("\"Binds\":[\"/srv/w:/w\",\"/srv/w/:/a\"]")});
	CHECK(any,
	      {"where it is allowed", NULL, BOUND_START("/srv/w/a", "true", "db", "/srv/w", true)},
	      {"a container's own", NULL, HOST("\"Binds\":[\"/srv/w:/w\",\"/srv/w/a:/a\"]")});
#define ROOTED(source, root) {.uri = "/v1.41/containers/web/start", .length = "0", .image = NGINX, .container = BOUND(source, "true"), .data_root = root}
	CHECK(baseline,
	      {"beside dockerd's folder", NULL, ROOTED("/srv/dockers", "/srv/docker")},
	      {"dockerd's folder", "containers.binds", ROOTED("/srv/docker", "/srv/docker")},
	      {"inside it", "containers.binds", ROOTED("/srv/docker/overlay2/x/diff", "/srv/docker")},
	      {"what holds it", "containers.binds", ROOTED("/srv/a", "/srv/a/docker")},
	      {"a service inside it", "containers.binds", {.uri = "/v1.41/services/create", .body = "{\"Name\":\"s\",\"TaskTemplate\":{\"ContainerSpec\":{\"Image\":\"nginx:1.27\",\"Mounts\":[{\"Type\":\"bind\",\"Source\":\"/srv/docker/x\",\"Target\":\"/e\"}]}}}", .data_root = "/srv/docker"}});
	CHECK(rooted,
	      {"a part of it that the policy names", NULL, ROOTED("/srv/docker/shared/x", "/srv/docker")},
	      {"another part", "containers.binds", ROOTED("/srv/docker/share/x", "/srv/docker")});
}

/* Who joins a namespace is in what the other is in. */
static void
a_joined_namespace_is_what_the_other_has(void **state)
{
	static const char joins[] = "version: 1\ncontainers: {join_namespaces: [network, pid, ipc]}\n";
	static const char host_net[] = "version: 1\ncontainers: {host_namespaces: [network]}\n";

	(void)state;
#define JOIN(mode, theirs) {.body = "{" IMG ",\"HostConfig\":{\"" mode "\":\"container:web\"}}", .joined = INSPECT(theirs)}
#define JOINED_START(theirs) {.uri = "/v1.41/containers/web/start", .length = "0", .image = NGINX, .container = INSPECT("\"NetworkMode\":\"container:" SHA "\""), .joined = theirs}
	CHECK(joins,
	      {"a network of its own", NULL, JOIN("NetworkMode", "\"NetworkMode\":\"bridge\"")},
	      {"the host's", "containers.network_mode", JOIN("NetworkMode", "\"NetworkMode\":\"host\"")},
	      {"a third's", "containers.network_mode", JOIN("NetworkMode", "\"NetworkMode\":\"container:x\"")},
	      {"of its modes, the one that is joined", NULL, JOIN("NetworkMode", "\"NetworkMode\":\"bridge\",\"PidMode\":\"host\"")},
	      {"processes of its own", NULL, JOIN("PidMode", "\"PidMode\":\"\"")},
	      {"the host's processes", "containers.pid_mode", JOIN("PidMode", "\"PidMode\":\"host\"")},
	      {"shareable memory", NULL, JOIN("IpcMode", "\"IpcMode\":\"shareable\"")},
	      {"the host's memory", "containers.ipc_mode", JOIN("IpcMode", "\"IpcMode\":\"host\"")},
	      {"a container that is not there is dockerd's to refuse", NULL, HOST("\"NetworkMode\":\"container:web\"")},
	      {"at start", NULL, JOINED_START(INSPECT("\"NetworkMode\":\"bridge\""))},
	      {"at start, the host's", "containers.network_mode", JOINED_START(INSPECT("\"NetworkMode\":\"host\""))});
	CHECK(host_net,
	      {"the host's, where it is allowed", NULL, JOIN("NetworkMode", "\"NetworkMode\":\"host\"")});
#undef JOIN
}

static void
a_policy_can_audit_waive_and_close(void **state)
{
	static const char audit[] = "version: 1\nmode: audit\n";
	static const char one[] = "version: 1\nrules: {containers.privileged: audit}\n";
	static const char closed[] = "version: 1\napi: {exec: deny}\n";
	static const char waived[] =
		"version: 1\n"
		"groups: {ops: [alice]}\n"
		"exceptions:\n"
		"  - {name: a, owner: o, reason: r, until: 2027-01-31, match: {group: ops}, waive: [containers.privileged]}\n"
		"  - {name: b, owner: o, reason: r, until: 2025-01-31, match: {image: docker.io/library/nginx}, waive: [containers.pid_mode]}\n"
		"  - {name: c, owner: o, reason: r, until: 2027-01-31, match: {label: team=ops}, waive: [containers.ipc_mode]}\n";

	(void)state;
	CHECK(audit, {"audit blocks nothing", NULL, HOST("\"Privileged\":true")},
	      {"but fails closed all the same", "gate.uri", {.uri = "/v1.41//x", .length = "0"}});
	run(audit, &(struct call)HOST("\"Privileged\":true"));
	assert_true(verdict.audited);
	assert_int_equal(verdict.rule, RULE_CT_PRIVILEGED);
	CHECK("version: 1\ncontainers: {privileged: allow}\n",
	      {"one setting over the profile, all the way", NULL, START(INSPECT("\"Privileged\":true,\"SecurityOpt\":[\"label=disable\"]"))});
	CHECK(one, {"one rule in audit", NULL, HOST("\"Privileged\":true")},
	      {"the others hold", "containers.pid_mode", HOST("\"Privileged\":true,\"PidMode\":\"host\"")});
	CHECK(closed, {"a closed family", "api", {.uri = "/v1.41/containers/web/exec", .body = "{\"Cmd\":[\"id\"]}"}},
	      {"another family", NULL, {.uri = "/v1.41/containers/web/stop", .length = "0"}});
#define PRIV .body = "{" IMG ",\"HostConfig\":{\"Privileged\":true}}"
	CHECK(waived, {"whom the exception names", NULL, {PRIV, .user = "alice"}},
	      {"another user", "containers.privileged", {PRIV, .user = "bob"}},
	      {"nobody known", "containers.privileged", {PRIV}},
	      {"an exception that ran out", "containers.pid_mode", HOST("\"PidMode\":\"host\"")},
	      {"by label", NULL, {.body = "{" IMG ",\"Labels\":{\"team\":\"ops\"},\"HostConfig\":{\"IpcMode\":\"host\"}}"}},
	      {"another value of the label", "containers.ipc_mode", {.body = "{" IMG ",\"Labels\":{\"team\":\"dev\"},\"HostConfig\":{\"IpcMode\":\"host\"}}"}});
}

/* Whoever may tag can call any image what an exception is for. */
static void
an_exception_is_for_the_image_itself(void **state)
{
	static const char waived[] =
		"version: 1\n"
		"exceptions:\n"
		"  - {name: a, owner: o, reason: r, until: 2027-01-31, match: {image: docker.io/library/nginx}, waive: [containers.privileged, containers.capabilities, containers.volumes_from]}\n"
		"containers: {volumes_from: deny}\n";
#define IMAGE_OF(digests) "{\"Id\":\"sha256:" SHA "\",\"RepoTags\":[\"nginx:1.27\"],\"RepoDigests\":[" digests "]}"
#define MADE_OF(digests) {.body = "{" IMG ",\"HostConfig\":{\"Privileged\":true}}", .image = IMAGE_OF(digests)}
#define STARTED_OF(digests) {.uri = "/v1.41/containers/web/start", .length = "0", .container = INSPECT("\"Privileged\":true"), .image = IMAGE_OF(digests)}
#define EXEC_OF(digests) {EXEC(INSPECT("\"Privileged\":true")), .image = IMAGE_OF(digests)}
#define SERVED_OF(digests) {.uri = "/v1.41/services/create", .body = "{\"Name\":\"s\",\"TaskTemplate\":{\"ContainerSpec\":{\"Image\":\"nginx:1.27\",\"CapabilityAdd\":[\"SYS_ADMIN\"]}}}", .image = IMAGE_OF(digests)}
#define OWN "\"nginx@sha256:" SHA "\""
#define OTHER "\"debian@sha256:" SHA "\""

	(void)state;
	CHECK(waived,
	      {"pulled", NULL, MADE_OF(OWN)},
	      {"another image under its name", "containers.privileged", MADE_OF(OTHER)},
	      {"one that is both", NULL, MADE_OF(OTHER "," OWN)},
	      {"made here: its name is believed", NULL, MADE_OF("")},
	      {"by the id of another", "containers.privileged", {.body = "{\"Image\":\"sha256:" SHA "\",\"HostConfig\":{\"Privileged\":true}}", .image = IMAGE_OF(OTHER)}},
	      {"started", NULL, STARTED_OF(OWN)},
	      {"started of another", "containers.privileged", STARTED_OF(OTHER)},
	      {"entered", NULL, EXEC_OF(OWN)},
	      {"entered of another", "containers.privileged", EXEC_OF(OTHER)},
	      {"a service", NULL, SERVED_OF(OWN)},
	      {"a service of another", "containers.capabilities", SERVED_OF(OTHER)},
	      {"a mounted image lends no name", "containers.privileged", {.body = "{\"Image\":\"debian:12\",\"HostConfig\":{\"Privileged\":true,\"Mounts\":[{\"Type\":\"image\",\"Source\":\"nginx:1.27\",\"Target\":\"/i\"}]}}"}},
	      {"nor to what stands behind it", "containers.volumes_from", {.body = "{\"Image\":\"debian:12\",\"HostConfig\":{\"Mounts\":[{\"Type\":\"image\",\"Source\":\"nginx:1.27\",\"Target\":\"/i\"}],\"VolumesFrom\":[\"web\"]}}"}});
}

static void
a_message_names_rule_field_and_way_out(void **state)
{
	(void)state;
	run(baseline, &(struct call){.body = "{\"Image\":\"nginx\"}"});
	assert_string_equal(
		verdict.message,
		"[images.require_tag] Image: \"docker.io/library/nginx\" has no "
		"tag, which means latest; pin a version, for example NAME:1.27");
	run(baseline, &(struct call)HOST("\"PidMode\":\"container:\\u001b[31m\\n\""));
	assert_null(strpbrk(verdict.message, "\n\033"));
	run(baseline, &(struct call)HOST("\"Privileged\":true,\"PidMode\":\"host\""));
	assert_non_null(strstr(verdict.message, "; also containers.pid_mode"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(images_are_judged_by_their_normal_form),
		cmocka_unit_test(an_id_is_judged_by_the_names_dockerd_knows),
		cmocka_unit_test(a_local_name_is_told_from_a_pulled_one),
		cmocka_unit_test(what_weakens_isolation_is_refused),
		cmocka_unit_test(what_reaches_the_runtime_or_the_interface_is_judged),
		cmocka_unit_test(mounts_are_judged_in_every_spelling),
		cmocka_unit_test(a_denied_folder_is_not_had_by_one_above),
		cmocka_unit_test(bodies_that_go_reads_otherwise_are_refused),
		cmocka_unit_test(a_hidden_body_is_refused),
		cmocka_unit_test(json_that_is_shown_is_no_form),
		cmocka_unit_test(spellings_of_a_uri_are_one),
		cmocka_unit_test(images_that_come_in_are_judged),
		cmocka_unit_test(outputs_of_a_build_are_names_too),
		cmocka_unit_test(other_endpoints_have_their_checks),
		cmocka_unit_test(all_of_a_service_is_judged),
		cmocka_unit_test(templates_in_mounts_of_a_service_are_refused),
		cmocka_unit_test(a_policy_that_checks_swarm_lets_nobody_in),
		cmocka_unit_test(the_gate_protects_itself),
		cmocka_unit_test(what_dockerd_understood_is_judged_at_start),
		cmocka_unit_test(who_reaches_into_a_container_gets_what_it_is),
		cmocka_unit_test(a_bind_inside_a_writable_one_is_refused),
		cmocka_unit_test(a_joined_namespace_is_what_the_other_has),
		cmocka_unit_test(a_policy_can_audit_waive_and_close),
		cmocka_unit_test(an_exception_is_for_the_image_itself),
		cmocka_unit_test(a_message_names_rule_field_and_way_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
