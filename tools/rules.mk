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
	tools/expr.c tools/show.c tools/stats.c tools/probe.c
build/test/host/test_tool: $(TOOL_PURE:%=build/host/%.o)
