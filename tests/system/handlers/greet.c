/*
 * greet.c - a handler that answers frames to groups, and spoils them first.
 *
 * Byte 31 of the reply is what byte 30 was, which it overwrites.  Byte 20 of the
 * frame says what else: 'd' it declines, 't' it traps, 'f' it claims another source.
 */
#include <ash.h>

enum { WHAT = 20, SEEN = 30, TELLS = 31, SPOILT = 0xaa };

static const uint8_t mac[6] = { 0x52, 0x54, 0x00, 0x12, 0x34, 0x56 };

int
ash_main(uint32_t len)
{
	uint32_t seen = frame_ld8(SEEN), what = frame_ld8(WHAT);

	frame_st8(SEEN, SPOILT);
	frame_st8(TELLS, seen);
	frame_swap_mac();
	if (what == 'd')
		return ash_decline();
	if (what == 't')
		return (int)frame_raw32_at(1, 0);
	for (uint32_t i = 0; i < 6; i++)
		frame_st8_at(ETH_SRC + i, 0, mac[i]);
	if (what == 'f')
		frame_st8(ETH_SRC, 0x66);
	return ash_reply(len);
}
