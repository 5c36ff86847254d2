/*
 * mem.h - the four functions gcc calls by itself, and names of fixed size.
 */
#ifndef APPS_LIB_MEM_H
#define APPS_LIB_MEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

void *memcpy(void *restrict to, const void *restrict from, size_t n);
void *memmove(void *to, const void *from, size_t n);
void *memset(void *to, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);

/* Bytes before the NUL, at most ROOM. */
size_t str_len(const char *s, size_t room);
bool str_equal(const char *a, const char *b);

#endif /* APPS_LIB_MEM_H */
