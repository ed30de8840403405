#!/usr/bin/env bats
# make install, make uninstall, make deb: into folders that are thrown away.

load helpers

setup() {
	T=$(mktemp -d /tmp/aegis-install.XXXXXX)
	unset MAKEFLAGS MAKELEVEL MFLAGS
}

teardown() {
	rm -rf "$T"
}

mk() {
	make --no-print-directory -C "$ROOT" B="$BUILD" "$@"
}

files() { # files FOLDER: as one sorted list, without pages' compression
	(cd "$1" && find . -type f -o -type l) | sed 's/\.gz$//' | sort
}

@test "make uninstall takes away what make install brought, but for the policy" {
	mk install DESTDIR="$T/root"
	files "$T/root"
	[ -x "$T/root/usr/sbin/aegis-authz" ]
	[ "$(find "$T/root" -type f | wc -l)" -ge 9 ]
	echo '# mine' >>"$T/root/etc/aegis/gatekeeper.yaml"
	mk install DESTDIR="$T/root"
	grep -q '# mine' "$T/root/etc/aegis/gatekeeper.yaml"
	mk uninstall DESTDIR="$T/root"
	[ "$(files "$T/root")" = $'./etc/aegis/gatekeeper.yaml\n./etc/aegis/rules.d/aegis_rules.yaml' ]
}

@test "make deb makes a package of what make install installs" {
	local deb
	mk install DESTDIR="$T/root"
	deb=$(OUT=$T mk deb | tail -n 1)
	[ -f "$deb" ]
	dpkg-deb -x "$deb" "$T/deb"
	dpkg-deb -e "$deb" "$T/control"
	diff <(files "$T/root") <(files "$T/deb" | grep -v ^./usr/share/doc/)
	# All that is a user's to change, and nothing else.
	diff "$T/control/conffiles" <(files "$T/deb" | sed -n 's/^\.//; /^\/etc\//p')
	(cd "$T/deb" && md5sum --quiet -c "$T/control/md5sums")
	grep -q '^Depends: .*libc6.*libsqlite3-0' "$T/control/control"
	[ -z "$(dpkg-deb -c "$deb" | grep -v ' root/root ')" ]
	# It takes the gate out of Docker, and never puts it in.
	run grep -l 'setup docker' "$T"/control/{postinst,prerm,postrm}
	[ "$output" = "$T/control/prerm" ]
	[[ $(grep 'setup docker' "$T/control/prerm") == *--remove* ]]
	for script in "$T"/control/{postinst,prerm,postrm}; do
		shellcheck -s sh "$script"
	done
	# Twice the same, to the byte.
	mkdir "$T/again"
	OUT=$T/again mk deb
	cmp "$deb" "$T/again/${deb##*/}"
}

@test "dpkg installs, removes and purges it" {
	local deb root=$T/root
	deb=$(OUT=$T mk deb | tail -n 1)
	mkdir -p "$root"/var/lib/dpkg/{info,updates,triggers}
	touch "$root/var/lib/dpkg/status"
	run dpkg --root="$root" --force-depends --force-script-chrootless -i "$deb"
	echo "$output"
	[ "$status" -eq 0 ]
	[ -x "$root/usr/sbin/aegis-authz" ]
	echo '# mine' >>"$root/etc/aegis/gatekeeper.yaml"
	mkdir -p "$root/var/lib/aegis"
	run dpkg --root="$root" --force-script-chrootless -r aegis
	echo "$output"
	[ "$status" -eq 0 ]
	[ ! -e "$root/usr/sbin/aegis-authz" ]
	grep -q '# mine' "$root/etc/aegis/gatekeeper.yaml"
	run dpkg --root="$root" --force-script-chrootless -P aegis
	echo "$output"
	[ "$status" -eq 0 ]
	[ ! -e "$root/etc/aegis" ]
	[ ! -e "$root/var/lib/aegis" ]
}
