# placeholder until boot/ exists; merged into the Makefile
iso:
	@echo no kernel yet
