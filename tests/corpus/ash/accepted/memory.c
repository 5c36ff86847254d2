/* memory.c - pointers, structures, bytes, arrays on the stack and as data. */
#include <ash.h>

struct node {
	struct node *next;
	uint8_t key;
	int16_t small;
	uint32_t value;
	uint8_t pad[3000];
	uint32_t far;
};

static struct node nodes[2] = { { &nodes[1], 1, -2, 30, { 0 }, 1 },
	{ NULL, 2, -3, 40, { 0 }, 2 } };
static volatile uint32_t result;

int
ash_main(uint32_t len)
{
	uint8_t copy[64];
	uint32_t i, sum = 0;
	struct node *n;

	for (n = nodes; n != NULL; n = n->next) {
		n->value += len;
		n->far += n->value;
		sum += n->value + n->key + (uint32_t)n->small + n->far;
	}
	for (i = 0; i < sizeof(copy); i++)
		copy[i] = (uint8_t)frame_ld8(i);
	for (i = 0; i < sizeof(copy); i++)
		sum = sum * 31 + copy[sizeof(copy) - 1 - i];
	result = sum;
	return ash_consume();
}
