# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# apt.sh - Debian packages of other suites, for the VM tests; to be sourced.
#
# What the tests need beyond the system's own packages comes from Debian's
# archive through a private apt configuration: its own lists, cache and
# sources, so that newer suites can be read without the system's apt ever
# seeing them. Nothing is installed; packages are unpacked into a cache.
# Mirror and keyring are taken from the machine's own sources.
#
# A script that sources this calls, in this order,
#
#	lock_cache		only one fetch at a time from here on; look again
#				whether another one has just done the work
#	open_archive SUITE...	read the package lists
#	newest_package REGEX	print NAME=VERSION, or fail
#	unpack NAME=VERSION...	... to $tmp/root
#	unpack_system NAME...	the same with all that they depend on
#	publish DIR NAME	rename DIR to $cache/NAME, which thus appears whole
#				or not at all
#
# $cache is $DWD_VM_CACHE or ~/.cache/dwd. $tmp is a directory in it that goes
# away with the script. $arch is the architecture of the packages; a script for
# another than amd64 sets it before open_archive.

shopt -s nullglob
arch=amd64
cache=${DWD_VM_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/dwd}
tmp=

die()
{
	echo "${0##*/}: $*" >&2
	exit 1
}

say()
{
	echo "${0##*/}: $*" >&2
}

# The lock ends with the last process that has descriptor 9, so it needs no
# care; and since it is held, directories of other fetches are of dead ones.
lock_cache()
{
	local tool

	for tool in apt-get apt-cache apt-config dpkg-deb dpkg flock; do
		command -v "$tool" >/dev/null ||
			die "$tool not found; this needs Debian's apt, dpkg, util-linux"
	done
	mkdir -p "$cache" 2>/dev/null || die "cannot create $cache; set DWD_VM_CACHE"
	{ exec 9>"$cache"/.lock; } 2>/dev/null || die "cannot write in $cache; set DWD_VM_CACHE"
	flock -n 9 || {
		say "waiting for another fetch to end"
		flock 9
	}
	rm -rf "$cache"/.fetch.*
	tmp=$(mktemp -d "$cache"/.fetch.XXXXXX)
	trap 'rm -rf "$tmp"' EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM
}

# Read apt's sources, both formats, and write deb822 stanzas for the suites in $1.
# Of each entry only types, URI, suites, components and keyring matter here.
# The archive itself is told from other people's by its suite names, its
# component "main", and - if several fit - a path that ends in /debian.
derive_sources()
{
	local files=() f list parts

	eval "$(apt-config shell list Dir::Etc::sourcelist/f parts Dir::Etc::sourceparts/d)"
	for f in "$list" "${parts%/}"/*.list "${parts%/}"/*.sources; do
		[ -r "$f" ] && files+=("$f")
	done
	[ ${#files[@]} -gt 0 ] || return 1
	awk -v want="$1" -v codename="$2" -v arch="$arch" '
	function entry(uris, suites, comps, extra,	u, s, i, j)
	{
		if ((" " comps " ") !~ / main /)
			return
		split(uris, u)
		split(suites, s)
		for (j = 1; j in s; j++) {
			sub(/\/$/, "", s[j])
			if (s[j] ~ /(-security|\/updates)$/)
				i = "security"
			else if (s[j] in archive)
				i = "archive"
			else
				continue
			if (i in uri && (uri[i] ~ /\/debian(-security)?\/?$/ ||
					u[1] !~ /\/debian(-security)?\/?$/))
				continue
			uri[i] = u[1]
			more[i] = extra
		}
	}
	function stanza()
	{
		if ((" " f["types"] " ") ~ /[ \t]deb[ \t]/ && tolower(f["enabled"]) != "no")
			entry(f["uris"], f["suites"], f["components"],
				("signed-by" in f ? "Signed-By: " f["signed-by"] "\n" : "") \
				("trusted" in f ? "Trusted: " f["trusted"] "\n" : ""))
		split("", f)
		field = ""
	}
	BEGIN {
		split(codename " oldoldstable oldstable stable testing unstable sid " \
			"bookworm trixie forky", names)
		for (i in names)
			archive[names[i]]
	}
	FNR == 1 {
		stanza()
		deb822 = FILENAME ~ /\.sources$/
	}
	/^[ \t]*#/ { next }
	deb822 && /^[ \t]*$/ { stanza(); next }
	deb822 && /^[ \t]/ { f[field] = f[field] "\n" $0; next }
	deb822 {
		field = tolower($0)
		sub(/[ \t]*:.*/, "", field)
		sub(/^[^:]*:[ \t]*/, "")
		f[field] = $0
		next
	}
	$1 == "deb" {
		extra = ""
		sub(/[ \t]*#.*/, "")
		sub(/^[ \t]*deb[ \t]+/, "")
		if (match($0, /^\[[^]]*\]/)) {
			n = split(substr($0, 2, RLENGTH - 2), opt)
			$0 = substr($0, RLENGTH + 1)
			for (i = 1; i <= n; i++) {
				if (tolower(opt[i]) ~ /^signed-by=/)
					extra = extra "Signed-By: " substr(opt[i], 11) "\n"
				else if (tolower(opt[i]) ~ /^trusted=/)
					extra = extra "Trusted: " substr(opt[i], 9) "\n"
			}
			gsub(/,/, " ", extra)
		}
		comps = $0
		sub(/^[ \t]*[^ \t]+[ \t]+[^ \t]+[ \t]*/, "", comps)
		entry($1, $2, comps, extra)
	}
	END {
		stanza()
		if (!("archive" in uri))
			exit 1
		n = split(want, s)
		for (i = 1; i <= n; i++) {
			at = s[i] ~ /-security$/ ? "security" : "archive"
			if (at in uri)
				printf "Types: deb\nURIs: %s\nSuites: %s\nComponents: main\n" \
					"Architectures: %s\n%s\n", uri[at], s[i], arch, more[at]
		}
	}' "${files[@]}"
}

# What apt.conf.d holds stays in force (proxies, for one), but for the hooks:
# those act on the system.
open_archive()
{
	local codename

	mkdir -p "$tmp"/state/lists/partial "$tmp"/cache/archives/partial "$tmp"/debs "$tmp"/root
	: >"$tmp"/state/status
	cat >"$tmp"/apt.conf <<CONF
#clear APT::Architectures;
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
Dir::State "$tmp/state";
Dir::State::status "$tmp/state/status";
Dir::Cache "$tmp/cache";
Dir::Etc::sourcelist "$tmp/dwd.sources";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
APT::Architecture "$arch";
APT::Architectures { "$arch"; };
APT::Sandbox::User "$(id -un)";
Acquire::Languages "none";
Acquire::Retries "3";
CONF

	# shellcheck source=/dev/null
	codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
	derive_sources "$*" "$codename" >"$tmp"/dwd.sources ||
		die "apt's sources name no Debian archive (${codename:-stable}, component main)"

	# Quiet, as a failure may only be a suite that is gone: what counts is
	# whether the package is in what did arrive.
	apt-get -c "$tmp"/apt.conf -q update >"$tmp"/log 2>&1 || :
}

# Why the archive has nothing, in apt's words or in ours.
archive_trouble()
{
	grep -m1 '^[EW]:' "$tmp"/log || echo "the archive has moved on; amend ${0##*/}"
}

# Of all versions of all packages whose name matches REGEX as a whole.
newest_package()
{
	local names name version found=

	mapfile -t names < <(apt-cache -c "$tmp"/apt.conf pkgnames | grep -Ex "$1")
	[ ${#names[@]} -gt 0 ] || return 1
	while read -r name version; do
		if dpkg --compare-versions "$version" gt "${found#*=}"; then
			found=$name=$version
		fi
	done < <(apt-cache -c "$tmp"/apt.conf show "${names[@]}" |
		awk '$1 == "Package:" { p = $2 } $1 == "Version:" { print p, $2 }')
	[ -n "$found" ] && echo "$found"
}

download_trouble()
{
	grep -m1 '^E:' "$tmp"/log || tail -n1 "$tmp"/log
}

# unpack_files DEB...: to $tmp/root, through links to directories that are there.
unpack_files()
{
	local deb

	for deb; do
		dpkg-deb --fsys-tarfile "$deb" | tar -C "$tmp"/root -xp --keep-directory-symlink ||
			die "cannot unpack ${deb##*/}; is the disk full?"
	done
}

unpack()
{
	say "fetching ${1/=/ }"
	(cd "$tmp"/debs && apt-get -c "$tmp"/apt.conf -q download "$@") >"$tmp"/log 2>&1 ||
		die "cannot download $1: $(download_trouble)"
	unpack_files "$tmp"/debs/*.deb
}

# As no package is known to be installed, apt fetches everything they depend on.
unpack_system()
{
	say "fetching $# packages of $arch and what they depend on"
	apt-get -c "$tmp"/apt.conf -q -y --no-install-recommends --download-only install "$@" \
		>"$tmp"/log 2>&1 || die "cannot download packages of $arch: $(download_trouble)"
	unpack_files "$tmp"/cache/archives/*.deb
}

publish()
{
	if ! mkdir -p "$(dirname "$cache/$2")" || ! mv -T "$1" "$cache/$2"; then
		die "cannot create $cache/$2; if it is there, remove it"
	fi
}
