# tools/rules.mk - the host command build/spindle, and the tests of its parts.

TOOL_OBJS := $(patsubst %,build/tool/%.o,$(sort $(wildcard tools/*.c)) \
	$(FREESTANDING) $(sort $(wildcard ash/host/*.c)))
TOOL_LIBS := -lpcap -lcapstone -lunicorn -ljansson -lm

build/spindle: $(TOOL_OBJS)
	@echo "  LD      $@"
	$(Q)$(HOSTCC) $(TOOLFLAGS) -o $@ $^ $(TOOL_LIBS)

ALL += build/spindle

# The parts that need no machine have a unit test.
TOOL_PURE := tools/cli.c tools/util.c tools/ctl_frame.c tools/code.c \
	tools/expr.c tools/show.c tools/stats.c tools/probe.c tools/seen_age.c
build/test/host/test_tool: $(TOOL_PURE:%=build/host/%.o)

# What people write and read: filters as text, warnings, frames.
TOOL_TEXT := tools/cli.c tools/util.c tools/expr.c tools/show.c tools/atoms.c \
	tools/atoms_code.c tools/bpf_text.c tools/terms.c tools/advice.c \
	tools/advice_text.c tools/frame_text.c
build/test/host/test_filter_text: $(TOOL_TEXT:%=build/host/%.o)

CAPTURE_PURE := tools/pcapng.c tools/frame_line.c tools/util.c
build/test/host/test_capture_file: $(CAPTURE_PURE:%=build/host/%.o)
