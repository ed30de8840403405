#include "lib/rules/value.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "lib/conf.h"
#include "lib/hex.h"

#define SHOWN 60

static int
wanted(const char *what, const char *text, struct aegis_error *err)
{
	return aegis_error_setx(err, -EINVAL, "expected %s, found '%.*s'", what,
				SHOWN, text);
}

int
rules_value_number(const char *text, int64_t *ret, struct aegis_error *err)
{
	const char *digits = text + (*text == '+' || *text == '-');
	const bool hex = digits[0] == '0' && (digits[1] | 0x20) == 'x';
	long long v;
	char *end;

	if (!isxdigit((unsigned char)digits[hex ? 2 : 0]))
		return wanted("a whole number", text, err);
	errno = 0;
	v = strtoll(text, &end, hex ? 16 : 10);
	if (*end)
		return wanted("a whole number", text, err);
	if (errno)
		return wanted("a number of 64 bits", text, err);
	*ret = v;
	return 0;
}

int
rules_value_bool(const char *text, bool *ret, struct aegis_error *err)
{
	const bool is_true = !strcmp(text, "true");

	if (!is_true && strcmp(text, "false") != 0)
		return wanted("true or false", text, err);
	*ret = is_true;
	return 0;
}

/* --- ports -------------------------------------------------------------- */

static const struct {
	const char *name;
	uint16_t port;
} services[] = {
	{"ftp", 21},          {"ssh", 22},           {"telnet", 23},
	{"smtp", 25},         {"domain", 53},        {"tftp", 69},
	{"http", 80},         {"www", 80},           {"kerberos", 88},
	{"pop3", 110},        {"sunrpc", 111},       {"ntp", 123},
	{"imap2", 143},       {"imap", 143},         {"snmp", 161},
	{"bgp", 179},         {"irc", 194},          {"ldap", 389},
	{"https", 443},       {"microsoft-ds", 445}, {"submission", 587},
	{"ldaps", 636},       {"imaps", 993},        {"pop3s", 995},
	{"socks", 1080},      {"openvpn", 1194},     {"ms-sql-s", 1433},
	{"nfs", 2049},        {"mysql", 3306},       {"ms-wbt-server", 3389},
	{"postgresql", 5432}, {"amqp", 5672},        {"x11", 6000},
	{"redis", 6379},      {"ircd", 6667},        {"http-alt", 8080},
};

#define SERVICES (sizeof(services) / sizeof(services[0]))

static const char *
nearest_service(const char *text)
{
	const char *names[SERVICES];

	for (size_t i = 0; i < SERVICES; i++)
		names[i] = services[i].name;
	return conf_nearest(text, names, SERVICES);
}

int
rules_value_port(const char *text, int64_t *ret, struct aegis_error *err)
{
	const char *near;
	int64_t v;

	if (isdigit((unsigned char)*text)) {
		if (rules_value_number(text, &v, err) < 0 || v > UINT16_MAX)
			return wanted("a port from 0 to 65535", text, err);
		*ret = v;
		return 0;
	}
	for (size_t i = 0; i < SERVICES; i++)
		if (!strcmp(text, services[i].name)) {
			*ret = services[i].port;
			return 0;
		}
	near = nearest_service(text);
	return aegis_error_setx(err, -EINVAL,
				"'%.*s' is no port or service known here%s%s%s",
				SHOWN, text, near ? "; did you mean '" : "",
				near ? near : "", near ? "'?" : "");
}

/* --- addresses ---------------------------------------------------------- */

int
rules_value_ip(const char *text, struct rules_ip *ret, struct aegis_error *err)
{
	struct rules_ip ip = {0};

	if (inet_pton(AF_INET, text, ip.bytes) == 1)
		ip.family = 4;
	else if (inet_pton(AF_INET6, text, ip.bytes) == 1)
		ip.family = 6;
	else
		return wanted("an IP address", text, err);
	*ret = ip;
	return 0;
}

int
rules_value_net(const char *text, struct rules_net *ret,
		struct aegis_error *err)
{
	static const char what[] = "a network such as 10.0.0.0/8 or fd00::/8";
	const char *slash = strchr(text, '/');
	char address[INET6_ADDRSTRLEN + 1];
	struct rules_net net;
	int64_t prefix;

	if (!slash || (size_t)(slash - text) >= sizeof(address))
		return wanted(what, text, err);
	memcpy(address, text, (size_t)(slash - text));
	address[slash - text] = '\0';
	if (rules_value_ip(address, &net.ip, NULL) < 0 ||
	    !isdigit((unsigned char)slash[1]) ||
	    rules_value_number(slash + 1, &prefix, NULL) < 0 ||
	    prefix > (net.ip.family == 4 ? 32 : 128))
		return wanted(what, text, err);
	net.prefix = (uint8_t)prefix;
	*ret = net;
	return 0;
}

bool
rules_ip_equal(const struct rules_ip *a, const struct rules_ip *b)
{
	return a->family == b->family &&
	       !memcmp(a->bytes, b->bytes, a->family == 4 ? 4 : 16);
}

bool
rules_net_has(const struct rules_net *net, const struct rules_ip *ip)
{
	const size_t whole = net->prefix / 8;
	const unsigned rest = net->prefix % 8;

	if (net->ip.family != ip->family ||
	    memcmp(net->ip.bytes, ip->bytes, whole) != 0)
		return false;
	return !rest ||
	       (net->ip.bytes[whole] ^ ip->bytes[whole]) >> (8 - rest) == 0;
}

/* --- bytes -------------------------------------------------------------- */

int
rules_value_hex(const char *text, void *out, size_t size, size_t *ret_len,
		struct aegis_error *err)
{
	const size_t len = strlen(text);
	uint8_t *bytes = out;

	if (!len || len % 2 || len / 2 > size)
		return wanted("hexadecimal digits, two a byte", text, err);
	for (size_t i = 0; i < len; i += 2) {
		const int byte = hex_byte(text + i);

		if (byte < 0)
			return wanted("hexadecimal digits, two a byte", text,
				      err);
		bytes[i / 2] = (uint8_t)byte;
	}
	*ret_len = len / 2;
	return 0;
}
