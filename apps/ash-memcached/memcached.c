/*
 * memcached.c - GET by UDP from a store that an application fills (memcached's
 * protocol.txt: "UDP protocol", "Retrieval command").
 *
 * Filter: `udp dst port 11211`.  The state is struct item[ITEMS]: an open hash table
 * (store_hash() and PROBES, which apps/memcached-owner has too) of keys and of what is
 * to be said about them, word for word.  Its owner writes an item's `key_bytes` last
 * and clears it first.  Answered: "get KEY\r\n" in one datagram, with what the store
 * says or END.  Declined, for the application to answer: other commands, several keys,
 * keys longer than 32 bytes or with control characters, requests of several datagrams,
 * lengths that lie.
 */
#include <ash.h>

enum {
	MC = IP_PAYLOAD +
	     UDP_BYTES, /* request, number, of how many, reserved */
	MC_NUMBER = MC + 2,
	MC_TEXT = MC + 8,
	MC_KEY = MC_TEXT + 4, /* behind "get " */
	MC_LEAST = 8 + 4 + 1 + 2,
	KEY_WORDS = 8,
	KEY_MAX = 4 * KEY_WORDS,
	REPLY_WORDS = 54,
	ITEMS = 256,
	PROBES = 4,
};

struct item {
	uint32_t key_bytes; /* 0: none */
	uint32_t reply_bytes;
	uint32_t key[KEY_WORDS]; /* zeros behind it */
	uint32_t reply[REPLY_WORDS];
};

struct item item[ITEMS];

static union {
	uint32_t word[KEY_WORDS];
	uint8_t byte[KEY_MAX];
} key; /* asked for */

#define UNROLLED _Pragma("GCC unroll 8")

/* N bytes of the frame are the key; false: they are none.  A function of its own, as
 * a loop pays for the longest way out of it. */
static __attribute__((noinline)) bool
read_key(uint32_t n)
{
	UNROLLED
	for (uint32_t i = 0; i < KEY_WORDS; i++)
		key.word[i] = 0;
	for (uint32_t i = 0; i < n; i++) {
		uint32_t c = frame_ld8(MC_KEY + i);

		if (c <= ' ' || c == 0x7f)
			return false;
		key.byte[i] = (uint8_t)c;
	}
	return true;
}

ASH_INLINE uint32_t
store_hash(void)
{
	uint32_t h = 2166136261;

	UNROLLED
	for (uint32_t i = 0; i < KEY_WORDS; i++)
		h = (h ^ key.word[i]) * 16777619;
	return h ^ h >> 16;
}

ASH_INLINE bool
is_it(const struct item *it, uint32_t n)
{
	if (it->key_bytes != n || it->reply_bytes > sizeof(it->reply))
		return false;
	UNROLLED
	for (uint32_t i = 0; i < KEY_WORDS; i++)
		if (it->key[i] != key.word[i])
			return false;
	return true;
}

/* Copy what IT says, by four words; how many bytes it is.  What is copied behind it is
 * behind the end of the frame as well. */
static __attribute__((noinline)) uint32_t
say(const struct item *it)
{
	const uint32_t *w = it->reply;
	uint32_t bytes = it->reply_bytes;

	for (uint32_t i = 0; i < bytes; i += 16, w += 4) {
		frame_put_raw32_at(MC_TEXT + i, 0, w[0]);
		frame_put_raw32_at(MC_TEXT + i, 4, w[1]);
		frame_put_raw32_at(MC_TEXT + i, 8, w[2]);
		frame_put_raw32_at(MC_TEXT + i, 12, w[3]);
	}
	return bytes;
}

ASH_INLINE int
reply(uint32_t end)
{
	uint32_t old = frame_raw16(IP_LEN), new = be16(end - IP_VIHL);

	frame_put_raw16(IP_LEN, new);
	frame_put_raw16(IP_CSUM, csum_update16(frame_raw16(IP_CSUM), old, new));
	frame_st16(IP_PAYLOAD + UDP_LEN, end - IP_PAYLOAD);
	frame_put_raw16(IP_PAYLOAD + UDP_CSUM, 0);
	frame_swap_mac();
	frame_swap_ip();
	frame_swap_ports(IP_PAYLOAD);
	return ash_reply(end < 60 ? 60 : end);
}

/* What is to be said about the key of N bytes: how many bytes. */
ASH_INLINE uint32_t
answer(uint32_t n)
{
	uint32_t h = store_hash();

	UNROLLED
	for (uint32_t i = 0; i < PROBES; i++) {
		const struct item *it = &item[(h + i) & (ITEMS - 1)];

		if (is_it(it, n))
			return say(it);
	}
	frame_put_raw32(MC_TEXT, be32(0x454e440d)); /* END\r */
	frame_st8(MC_TEXT + 4, '\n');
	return 5;
}

int
ash_main(uint32_t len)
{
	struct ip_view ip = ip_parse(len, PROTO_UDP, UDP_BYTES + MC_LEAST);
	uint32_t udp = frame_ld16(IP_PAYLOAD + UDP_LEN);
	uint32_t n = udp - UDP_BYTES - MC_LEAST + 1;

	if (ip.at != IP_PAYLOAD || udp > ip.bytes || n - 1 >= KEY_MAX ||
		frame_raw32(MC_NUMBER) != be32(1) ||
		frame_raw32(MC_TEXT) != be32(0x67657420) || /* "get " */
		frame_raw16(MC_KEY + n) != be16(0x0d0a) || !read_key(n))
		return ash_decline();
	return reply(MC_TEXT + answer(n));
}
