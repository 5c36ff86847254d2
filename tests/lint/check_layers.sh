#!/bin/sh
# check_layers.sh - fail when a file breaks the structure of the tree.
#
# 1. Includes follow tests/lint/layers.txt.
# 2. Inline assembly only in the headers named below (and in the programs that
#    are there to be refused or accepted: tests/corpus/, string literals).
# 3. In a .c file 'extern' names only linker or assembler symbols (NAME[]).
set -eu
cd "$(dirname "$0")/../.."
find dpf ash kernel netstack spin-net apps tools tests \
	-name '*.[chS]' | sort | xargs awk '
BEGIN {
	while ((getline line < "tests/lint/layers.txt") > 0) {
		sub(/#.*/, "", line)
		n = split(line, w, /[: \t]+/)
		known[w[1]] = 1
		for (i = 2; i <= n; i++) allow[w[1], w[i]] = 1
	}
	split("kernel/mips.h ash/sdk/ash.h apps/lib/syscall.h", a, " ")
	for (i in a) asm[a[i]] = 1
}
FNR == 1 {
	split(FILENAME, d, "/"); from = d[1]
	if (FILENAME ~ /^kernel\/include\//) from = "include"
}
/^[ \t]*#[ \t]*include[ \t]*[<"]/ {
	h = $0; gsub(/^[^<"]*[<"]|[>"].*$/, "", h)
	if (split(h, p, "/") < 2) next       # system or same-folder header
	to = (p[1] == "spindle") ? "include" : p[1]
	if (!(to in known) || to == from || (from == "kernel" && to == "include"))
		next
	if (!permitted(h)) bad("may not include " h " (tests/lint/layers.txt)")
}
/__asm__|[^_a-z]asm[ (]/ && !/^[ \t]*"/ && FILENAME ~ /\.[ch]$/ &&
		!(FILENAME in asm) && FILENAME !~ /^tests\/corpus\// {
	bad("inline assembly belongs into one of the headers for it")
}
/^extern/ && FILENAME ~ /\.c$/ && !/\[\](, [a-z_0-9]*\[\])*;$/ {
	bad("declare it in the header of the file that defines it")
}
# H, a folder above it, or its folder by public header.
function permitted(h,   pub, path) {
	pub = to; gsub(/-/, "_", pub)
	if ((from, to) in allow && (to == "include" || h == to "/" pub ".h"))
		return 1
	if ((from, h) in allow) return 1
	for (path = h; sub(/[^\/]+\/?$/, "", path);)
		if ((from, path) in allow) return 1
	return 0
}
function bad(why) { printf "%s:%d: %s\n", FILENAME, FNR, why; fail = 1 }
END { exit fail }'
