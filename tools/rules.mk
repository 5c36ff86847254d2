# tools/rules.mk - the host command build/spindle, and the tests of its parts.

TOOL_OBJS := $(patsubst %,build/tool/%.o,$(sort $(wildcard tools/*.c)) \
	$(FREESTANDING) $(sort $(wildcard ash/host/*.c)))
TOOL_LIBS := -lpcap -lcapstone -lunicorn -ljansson -lm

build/spindle: $(TOOL_OBJS)
	@echo "  LD      $@"
	$(Q)$(HOSTCC) $(TOOLFLAGS) -o $@ $^ $(TOOL_LIBS)

ALL += build/spindle
