# tests/wire/rules.mk - the driver under test: a kernel with another consumer.

TEST_DEPS += build/test/wire.elf
build/test/wire.elf: build/kernel/tests/wire/wire.c.o \
		build/kernel/kernel/boot/start.S.o build/test/kernel.a \
		build/kernel/libs.a kernel/kernel.ld
	@mkdir -p $(@D)
	$(Q)$(MIPSCC) $(KFLAGS) -static -Wl,-T,kernel/kernel.ld \
		-Wl,--build-id=none -o $@ $(filter %.o,$^) \
		build/test/kernel.a build/kernel/libs.a
