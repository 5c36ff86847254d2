/*
 * frame_text.h - a frame in one line for people.
 */
#ifndef TOOLS_FRAME_TEXT_H
#define TOOLS_FRAME_TEXT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/*
 * Print what a frame is, as far as its bytes say it, e.g.
 *	42 bytes, IPv4 UDP 10.7.0.1:9 > 10.7.0.2:7
 */
void frame_words(const uint8_t *frame, size_t len, FILE *out);

/* The same behind its bytes as hex; as members "example" (hex) and
 * "example_words" of O, empty when LEN is 0. */
void frame_print(const uint8_t *frame, size_t len, FILE *out);
void frame_json(const uint8_t *frame, size_t len, json_t *o);

#endif /* TOOLS_FRAME_TEXT_H */
