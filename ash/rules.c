/*
 * rules.c - what each refusal of the verifier means, for people.
 *
 * Apart from verify.c because nothing here decides anything.
 */
#include "ash/ash.h"

const char *
ash_rule_text(enum ash_rule rule)
{
	switch (rule) {
#define X(name, what, cure)                                                    \
	case ASH_RULE_##name:                                                  \
		return what;
		ASH_RULES(X)
#undef X
	default:
		return "unknown rule";
	}
}

const char *
ash_rule_cure(enum ash_rule rule)
{
	switch (rule) {
#define X(name, what, cure)                                                    \
	case ASH_RULE_##name:                                                  \
		return cure;
		ASH_RULES(X)
#undef X
	default:
		return "";
	}
}
