/*
 * answer.h - the payload of an answer while an operation fills it in.
 */
#ifndef APPS_AGENT_ANSWER_H
#define APPS_AGENT_ANSWER_H

#include "agent.h"
#include "frames.h"

#include <spindle/err.h>
#include <stdbool.h>
#include <stddef.h>

enum { ANSWER_ROOM = AG_MAX_PAYLOAD - sizeof(struct ag_result) };

struct answer {
	struct ag_result result;
	uint8_t data[ANSWER_ROOM];
	size_t len; /* bytes of data */
};
_Static_assert(sizeof(struct ag_result) == 64, "part of the protocol");

/* Say why, for people, and return CODE. */
int refuse(struct answer *a, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Append N bytes; the caller knows that there is room. */
void answer_put(struct answer *a, const void *p, size_t n);
void answer_put32(struct answer *a, uint32_t v);

/*
 * frames_answer - append BYTES, then as many of the BYTES stored in F from OFF
 * on as fit.  Returns SP_OK, or SP_EINVAL when OFF lies behind the end.
 */
int frames_answer(const struct frames *f, uint32_t bytes, uint32_t off,
	struct answer *a) SP_MUST_CHECK;

/* A name is 1 to SP_NAME - 1 printable characters, no blanks, then NULs. */
bool name_is_good(const char name[SP_NAME]);

#endif /* APPS_AGENT_ANSWER_H */
