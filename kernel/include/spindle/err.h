/*
 * spindle/err.h - the one list of error codes.
 *
 * A function that can fail returns int: zero or a positive result when it
 * works, one of these negative codes when it does not.
 */
#ifndef SP_ERR_H
#define SP_ERR_H

/* X(name, value, text): names, numbers and texts cannot drift apart. */
#define SP_ERRORS(X)                                                           \
	X(SP_EINVAL, -1, "argument out of range")                              \
	X(SP_ENOMEM, -2, "out of memory")                                      \
	X(SP_EPERM, -3, "capability does not allow this")                      \
	X(SP_ESHORT, -4, "data ends inside a field")                           \
	X(SP_EUNSAFE, -5, "program failed verification")                       \
	X(SP_ENOENT, -6, "no such object")                                     \
	X(SP_EEXIST, -7, "name is already in use")                             \
	X(SP_EFAULT, -8, "address is not mapped for this access")              \
	X(SP_EOVERLAP, -9, "filter overlaps another owner's frames")           \
	X(SP_EUNDECIDED, -10, "overlap could not be decided; refused")         \
	X(SP_EUNSUPPORTED, -11, "not supported")                               \
	X(SP_EFULL, -12, "table or queue is full")                             \
	X(SP_EBUSY, -13, "object is in use")                                   \
	X(SP_EAGAIN, -14, "not finished; call again")                          \
	X(SP_ETIME, -15, "device did not answer in time")                      \
	X(SP_EDENIED, -16, "frame matches no transmit template")               \
	X(SP_EFORMAT, -17, "malformed object")                                 \
	X(SP_EKILLED, -18, "environment was destroyed")                        \
	X(SP_ENOSYS, -19, "no such system call")                               \
	X(SP_EREVOKED, -20, "resource was taken back")

enum sp_err {
	SP_OK = 0,
#define X(name, value, text) name = value,
	SP_ERRORS(X)
#undef X
};

#define SP_MUST_CHECK __attribute__((warn_unused_result))

/* The text of CODE, for hosts and consoles; never NULL. */
static inline const char *
sp_err_text(int code)
{
	switch (code) {
#define X(name, value, text)                                                   \
	case value:                                                            \
		return text;
		SP_ERRORS(X)
#undef X
	default:
		return code < 0 ? "unknown error" : "no error";
	}
}

#endif /* SP_ERR_H */
