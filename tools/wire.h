/*
 * wire.h - the far end of a machine's network cable.
 *
 * Frames are datagrams between DIR/host.sock (ours) and DIR/nic.sock (QEMU's);
 * one program at a time holds our end (DIR/wire.lock).
 */
#ifndef TOOLS_WIRE_H
#define TOOLS_WIRE_H

#include "machine.h"

struct wire;

/* Refused when the machine has no such cable or somebody else holds it. */
enum status wire_open(
	const struct args *a, const struct machine *m, struct wire **out);
void wire_close(struct wire *w);

/* Call FN for each frame that arrives. */
typedef void (*wire_fn)(void *arg, const uint8_t *frame, size_t n);
void wire_receiver(struct wire *w, wire_fn fn, void *arg);

int wire_fd(const struct wire *w);

/* Hand over what has arrived; never waits. */
void wire_drain(void *w);

/* Wait until END_US (of now_us()) or a frame came, and hand it over. */
void wire_wait(struct wire *w, double end_us);

/* Send a frame, taking in replies while QEMU is busy.  False: QEMU is gone. */
bool wire_send(struct wire *w, const uint8_t *frame, size_t n);

#endif /* TOOLS_WIRE_H */
