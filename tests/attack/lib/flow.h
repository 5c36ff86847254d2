/*
 * flow.h - the flow that the agent gave this program, filters within it, and the
 * smallest handler there is.
 */
#ifndef TESTS_ATTACK_LIB_FLOW_H
#define TESTS_ATTACK_LIB_FLOW_H

#include "ash/ash.h"
#include "dpf/dpf.h"

#include <spindle/abi.h>
#include <stdint.h>

/* Frames of an Ethernet type whose byte 14 is as it says. */
struct type_filter {
	struct dpf_blob head;
	struct dpf_node node[2];
};
struct type_filter type_filter(uint32_t type, uint32_t byte14);

/* The agent derives it once we run. */
uint32_t flow_await(void);

/* The part of flow PARENT that F accepts becomes ENV's; its id or a code. */
int32_t flow_give(uint32_t parent, const struct type_filter *f, uint32_t env);

/* Frames of F go to ENV's ring or handler OBJECT, within FLOW. */
struct sp_bind bind_to(uint32_t flow, const struct type_filter *f, uint32_t env,
	enum sp_target target, uint32_t object);

enum { IMAGE_WORDS = ASH_FIRST_WORD + 3 };

/* An image for the regions A that returns verdict V (high half) at once. */
struct sp_ash_code handler_image(
	uint32_t code[IMAGE_WORDS], const struct sp_ash *a, uint32_t v);

#endif /* TESTS_ATTACK_LIB_FLOW_H */
