/*
 * main.c - fills the store of a handler that answers GET (apps/ash-memcached).
 *
 * Arguments: KEY=VALUE, each.  Load the handler with this program as its owner; it
 * says when all is stored.
 */
#include "apps/lib/app.h"
#include "apps/lib/layout.h"
#include "apps/lib/mem.h"
#include "apps/lib/mmio.h"
#include "apps/lib/print.h"
#include "apps/lib/syscall.h"

enum { KEY_WORDS = 8, REPLY_WORDS = 54, ITEMS = 256, PROBES = 4 };

/* As the handler has them. */
struct item {
	uint32_t key_bytes, reply_bytes;
	uint32_t key[KEY_WORDS];
	uint32_t reply[REPLY_WORDS];
};

struct text {
	char *at;
	size_t n, room;
	bool full;
};

static void
put(struct text *t, const char *s, size_t n)
{
	if (n > t->room - t->n) {
		t->full = true;
		return;
	}
	memcpy(t->at + t->n, s, n);
	t->n += n;
}

static void
put_number(struct text *t, size_t v)
{
	char digit = (char)('0' + v % 10);

	if (v >= 10)
		put_number(t, v / 10);
	put(t, &digit, 1);
}

static uint32_t
store_hash(const uint32_t *key)
{
	uint32_t h = 2166136261;

	for (size_t i = 0; i < KEY_WORDS; i++)
		h = (h ^ key[i]) * 16777619;
	return h ^ h >> 16;
}

static size_t
length(const char *s, char end)
{
	size_t n = 0;

	while (s[n] != end && s[n] != '\0')
		n++;
	return n;
}

/* The item for "KEY=VALUE"; false: it does not fit into one. */
static bool
make_item(const char *pair, struct item *it)
{
	size_t key = length(pair, '='), value;
	struct text t = { .at = (char *)it->reply, .room = sizeof(it->reply) };

	if (key == 0 || key > sizeof(it->key) || pair[key] != '=')
		return false;
	value = length(pair + key + 1, '\0');
	memset(it, 0, sizeof(*it));
	memcpy(it->key, pair, key);
	put(&t, "VALUE ", 6);
	put(&t, pair, key);
	put(&t, " 0 ", 3);
	put_number(&t, value);
	put(&t, "\r\n", 2);
	put(&t, pair + key + 1, value);
	put(&t, "\r\nEND\r\n", 7);
	it->key_bytes = (uint32_t)key;
	it->reply_bytes = (uint32_t)t.n;
	return !t.full;
}

static bool
same(const uint32_t *a, const uint32_t *b, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (mmio_load(a + i) != b[i])
			return false;
	return true;
}

/* The handler may look between any two stores: it finds the old item, none or all. */
static bool
store(struct item *table, const struct item *it)
{
	uint32_t h = store_hash(it->key);

	for (uint32_t i = 0; i < PROBES; i++) {
		struct item *to = &table[(h + i) % ITEMS];

		if (mmio_load(&to->key_bytes) != 0 &&
			!same(to->key, it->key, KEY_WORDS))
			continue;
		mmio_store(&to->key_bytes, 0);
		mmio_store(&to->reply_bytes, it->reply_bytes);
		for (size_t w = 0; w < KEY_WORDS; w++)
			mmio_store(&to->key[w], it->key[w]);
		for (size_t w = 0; w < REPLY_WORDS; w++)
			mmio_store(&to->reply[w], it->reply[w]);
		mmio_store(&to->key_bytes, it->key_bytes);
		return true;
	}
	return false;
}

static void
fill(struct item *table, uint32_t a0, uint32_t a1)
{
	struct item it = { .key_bytes = 0 };
	uint32_t stored = 0;

	for (uint32_t i = 1; i < a0; i++)
		if (make_item(app_arg(a1, i), &it) && store(table, &it))
			stored++;
	print("%s: %u of %u stored\n", app_arg(a1, 0), stored, a0 - 1);
}

int
app_main(uint32_t a0, uint32_t a1)
{
	uint32_t self = (uint32_t)sys_self();

	for (;;) {
		(void)sys_wait(SP_EVENT_ASH);
		for (uint32_t i = 0; i < SP_MAX_ASHES; i++) {
			const struct sp_ash_info *h = &app_info()->ash[i];

			if (h->id != 0 && h->owner == self && h->words > 0)
				fill((struct item *)app_ash_va(i, h->data_pfn),
					a0, a1);
		}
	}
}
