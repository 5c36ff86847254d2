#!/bin/bash
# check_tree.sh - fail when the tree outgrows the house style.
#
# Top-level entries, a README of at most 40 lines a folder, files of at most 600
# lines, functions of at most 80, nothing left open, no machine's paths.
set -euo pipefail
cd "$(dirname "$0")/../.."
fail=0
bad() {
	echo "$*"
	fail=1
}

folders="kernel dpf ash netstack spin-net apps tools tests"
want=$(printf '%s\n' Makefile README.md $folders | sort)
have=$(ls | grep -vx build | sort)
[ "$have" = "$want" ] || bad "top level differs from the plan:" \
	"$(comm -3 <(echo "$want") <(echo "$have") | tr -d '\t' | tr '\n' ' ')"

for d in $folders; do
	[ -f "$d/README.md" ] || bad "$d/README.md is missing"
done
mapfile -t files < <(find $folders Makefile README.md .ci -type f \
	-not -path '*/__pycache__/*' | sort)

while read -r lines file; do
	[ "$file" = total ] && continue
	case $file in
	README.md) ;;
	*/README.md) [ "$lines" -le 40 ] || bad "$file: $lines lines, 40 allowed" ;;
	*.[chS] | *.py | *.sh) [ "$lines" -le 600 ] ||
		bad "$file: $lines lines, 600 allowed" ;;
	esac
done < <(wc -l "${files[@]}")

mapfile -t c < <(printf '%s\n' "${files[@]}" | grep '\.c$' || true)
if [ ${#c[@]} -gt 0 ]; then
	while read -r line; do bad "$line"; done < <(
		ctags -x --_xformat='%{end} %n %N %F' --kinds-C=f "${c[@]}" |
			awk '$1 - $2 > 80 { print $4 ":" $2 ": " $3 " is longer than 80 lines" }')
fi

# The patterns are spelled so that this file does not contain them.
grep_bad() {
	local found
	found=$(grep -nE "$1" "${files[@]}" /dev/null | cut -c1-110 || true)
	[ -z "$found" ] || bad "$2:"$'\n'"$found"
}
grep_bad '\b(TO''DO|FIX''ME|XX''X)\b' "left open"
grep_bad '^[[:space:]]*#[[:space:]]*i''f 0' "dead code"
grep_bad '(^|[^a-z])/(wo''rk|ho''me|ro''ot)/' "a path of one machine"

# All that decides about a handler: the verifier and its table of instructions,
# without comments and blank lines.
trusted=$( (gcc -fpreprocessed -dD -E -P ash/verify.c 2>/dev/null
	sed -n '/^#define MIPS_INSNS/,/^$/p' dpf/mips.h) | grep -c '[^[:space:]]')
[ "$trusted" -lt 600 ] ||
	bad "ash/verify.c and its table: $trusted lines of code, 599 allowed"
exit $fail
