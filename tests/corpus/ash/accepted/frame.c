/* frame.c - the frame by offsets, aligned and not, constant and not. */
#include <ash.h>

static volatile uint32_t results[8];

int
ash_main(uint32_t len)
{
	uint32_t at = frame_ld8(0);

	results[0] = frame_ld16(1);
	results[1] = frame_ld32(3);
	results[2] = frame_ld16(at);
	results[3] = frame_ld32(at);
	results[4] = frame_ld32_at(at & ~3u, 2);
	results[5] = ~csum_fold(frame_sum(14, 20)) & 0xffff;
	frame_st32(at + 1, 0x01020304);
	frame_st16(at + 6, 0x0506);
	frame_st32(41, 0x11121314);
	frame_st16(47, 0x1516);
	frame_st8(at + 20, 0x21);
	return ash_reply(len);
}
