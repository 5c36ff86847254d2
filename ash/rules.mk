# ash/rules.mk - ashcc, and every handler of apps/ash-*/ as build/ash/NAME.o.

ASHCC_OBJS := $(patsubst %,build/tool/%.o,$(sort $(wildcard ash/*.c)) \
	$(sort $(wildcard ash/host/*.c)) $(sort $(wildcard ash/ashcc/*.c)))

build/ashcc: $(ASHCC_OBJS)
	@echo "  LD      $@"
	$(Q)$(HOSTCC) $(TOOLFLAGS) -o $@ $^ -lcapstone -lunicorn

HANDLERS := $(sort $(wildcard apps/ash-*/*.c))
define handler_rule
build/ash/$(notdir $(1:.c=.o)): $(1) build/ashcc $(wildcard ash/sdk/*.h)
	@echo "  ASHCC   $(1)"; mkdir -p $$(@D)
	$$(Q)CROSS=$(CROSS) build/ashcc -Wall -Wextra -Werror -o $$@ $(1)
endef
$(foreach h,$(HANDLERS),$(eval $(call handler_rule,$(h))))
HANDLER_OBJS := $(addprefix build/ash/,$(notdir $(HANDLERS:.c=.o)))

ALL += build/ashcc $(HANDLER_OBJS)
