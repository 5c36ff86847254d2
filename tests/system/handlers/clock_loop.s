# clock_loop.s - asks what time it is until its budget is gone.
	nop
	nop
	nop
	nop
1:
	PAY	60
	nop
	nop
	nop
	nop
	jal	ash_clock
	nop
	b	1b
	nop
