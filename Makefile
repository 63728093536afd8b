# Carillon. One file, not recursive. `make help` lists the targets; V=1 shows the commands.
.DELETE_ON_ERROR:
.SUFFIXES:
.DEFAULT_GOAL := iso

ifeq ($(origin CC),default)
CC     := gcc
endif
CLANG  ?= clang
NASM   ?= nasm
# Debian's Python: the test packages belong to it, not to another one that stands first in PATH.
PYTHON ?= /usr/bin/python3
BUILD  ?= build
Q      := $(if $(V),,@)
export SOURCE_DATE_EPOCH ?= 1700000000

# ---- sources, per layer ---------------------------------------------------------------------------
# Explicit, so that a stray file is not built; make lint says when one is missing.
LIB_C := $(patsubst %,lib/%.c,acpi_tables aml_slots choice cmdline crc16 crc32 crc32c crc_any crc_table errno \
    histogram hwerror json log math memmap out pagelist parse printable rng smbios stats string text utf8)
ARCH_C := $(patsubst %,arch/x86_64/%.c,acpi apic backtrace clock exceptions fw_cfg heap interrupts \
    ioapic machine_check nmi pages paging panic pci_cf8 percpu power smp symbols watchdog)
ARCH_ASM := $(patsubst %,arch/x86_64/%.asm,isr)
BOOT_C := $(patsubst %,boot/%.c,banner board crash disks hotplug kmain multiboot2 qemu_slots)
BOOT_ASM := $(patsubst %,boot/%.asm,ap_entry entry header)
PCI_C := $(patsubst %,drivers/pci/%.c,assign bus class_names link msix pci reset slot)
UART_C := $(patsubst %,drivers/uart/%.c,ns16550)
CONSOLE_C := $(patsubst %,drivers/console/%.c,console)
NVME_C := $(patsubst %,drivers/nvme/%.c,nvme_ability nvme_admin nvme_cmb nvme_command \
    nvme_controller nvme_dbbuf nvme_directive nvme_dma_check nvme_events nvme_feature nvme_feature_table \
    nvme_firmware nvme_format nvme_gate nvme_hmb nvme_io nvme_log nvme_namespace nvme_nsmgmt \
    nvme_nvm nvme_nvm_spans nvme_overdue nvme_pi nvme_prp nvme_qpairs nvme_queue nvme_quirks \
    nvme_recorder nvme_recover nvme_registers nvme_rescan nvme_reservation nvme_retry \
    nvme_sanitize nvme_security nvme_selftest nvme_status nvme_trace)
BLOCK_C := $(patsubst %,drivers/block/%.c,block block_mem block_nvme gpt mbr partition)
FS_C := $(patsubst %,fs/%.c,fs probe) $(patsubst %,fs/fat32/%.c,boot chain dir fat32 file name)
APPS_C := \
    $(patsubst %,apps/%.c,appliance watch) \
    $(patsubst %,apps/bench/%.c,buffers careful chooser cmd_bench disk_stats drive eta expression figures \
        format job jobfile json logs measure options options_lists options_table options_values \
        pace pattern plot quick record report result run sampler settle setup source status \
        steady summary sweep target task terse verify verify_block verify_report worker) \
    $(patsubst %,apps/files/%.c,cmd_arm cmd_cat cmd_crc32 cmd_hexdump cmd_ls cmd_lsblk \
        cmd_read cmd_rescan cmd_write dump path source) \
    $(patsubst %,apps/hotplug/%.c,cmd_eject hotplug look names slots) \
    $(patsubst %,apps/nvme/%.c,blocks cmd_blocks cmd_directive cmd_erase cmd_error_log \
        cmd_features cmd_firmware cmd_format cmd_get_log cmd_health cmd_hmb cmd_identify \
        cmd_lbaf cmd_list cmd_log_pages cmd_nsmgmt cmd_nvme cmd_passthru cmd_persistent_log \
        cmd_power_states cmd_queues cmd_reset cmd_resv cmd_rw cmd_sanitize cmd_security \
        cmd_selftest cmd_show_regs cmd_smart_log cmd_spans cmd_stats cmd_test_logs cmd_timeouts cmd_trace commands \
        danger erase_report erase_verify feature_show fields health id_ctrl id_ns logs manage \
        show show_regs target) \
    $(patsubst %,apps/shell/%.c,args cmd_cd cmd_help commands complete line nearest options shell \
        token) \
    $(patsubst %,apps/system/%.c,cmd_cpus cmd_dmesg cmd_events cmd_lspci cmd_mem cmd_power cmd_uptime \
        size_text)
MODEL_C  := $(sort $(wildcard tests/model/*.c))
UNIT_C   := $(sort $(wildcard tests/unit/test_*.c))
FUZZ_C   := $(sort $(wildcard tests/fuzz/fuzz_*.c))
FUZZ_LIB_C := $(patsubst %,tests/fuzz/%.c,device device_data device_queues json_check)

PORTABLE_C := $(LIB_C) $(PCI_C) $(CONSOLE_C) $(NVME_C) $(BLOCK_C) $(FS_C) $(APPS_C)
KERNEL_C   := $(PORTABLE_C) $(ARCH_C) $(UART_C) drivers/nvme/nvme_pci.c $(BOOT_C)
KERNEL_ASM := $(BOOT_ASM) $(ARCH_ASM)

WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wundef \
        -Wpointer-arith -Wwrite-strings -Werror
COMMON := -std=gnu17 -I. -g $(WARN) -ffile-prefix-map=$(CURDIR)=.
DEPGEN := -MMD -MP

# ---- kernel -----------------------------------------------------------------------------------------
KCFLAGS := $(COMMON) -Oz -ffreestanding -fno-pic -fno-pie -mcmodel=kernel -mno-red-zone -m64 \
           -march=x86-64 -fno-omit-frame-pointer -fstack-protector-strong -mstack-protector-guard=global \
           -fno-asynchronous-unwind-tables -fno-strict-aliasing -fno-common -ffunction-sections -fdata-sections
# What runs once per I/O or once per byte is compiled for speed, everything else for size
# (docs/decisions/0006).
HOT_C := tests/bench/bare_loop.c \
    $(patsubst %,drivers/nvme/%.c,nvme_dbbuf nvme_io nvme_prp nvme_queue) \
    $(patsubst %,apps/bench/%.c,buffers careful chooser pattern source task verify_block worker) \
    $(patsubst %,lib/%.c,crc32 crc32c crc_any histogram math rng stats string)
# Code that runs in interrupt context must not touch SSE registers, which are not saved there.
IRQ_SAFE := $(ARCH_C) $(UART_C) $(CONSOLE_C)

KERNEL := $(BUILD)/carillon.elf
ISO    := $(BUILD)/carillon.iso

# Linked twice: the second time with the names of its own functions, for back-traces; then stripped.
LD      ?= ld
NM      ?= nm
OBJCOPY ?= objcopy
KOBJ    := $(BUILD)/kernel
KERNEL_DEBUG := $(BUILD)/carillon.debug.elf

# UBSAN=1: undefined behaviour becomes an invalid-opcode exception with a back-trace.
ifeq ($(UBSAN),1)
KCFLAGS += -fsanitize=undefined -fsanitize-undefined-trap-on-error
endif
# DMA_CHECK=1: the driver's use of memory for devices is watched (drivers/nvme/nvme_dma_check.h).
ifeq ($(DMA_CHECK),1)
KCFLAGS += -DNVME_DMA_CHECK
DMA_CHECK_FLAG := -DNVME_DMA_CHECK
endif
KLDFLAGS := -nostdlib -static -z max-page-size=4096 -z noexecstack --gc-sections --build-id=none \
            -T boot/linker.ld

KERNEL_O := $(patsubst %.c,$(KOBJ)/%.o,$(KERNEL_C)) $(patsubst %.asm,$(KOBJ)/%.asm.o,$(KERNEL_ASM))

# Other flags than last time: everything is compiled again.
$(KOBJ)/flags: FORCE
	@mkdir -p $(@D)
	@echo '$(CC) $(KCFLAGS) $(KLDFLAGS)' | cmp -s - $@ || echo '$(CC) $(KCFLAGS) $(KLDFLAGS)' > $@

$(patsubst %.c,$(KOBJ)/%.o,$(HOT_C)): KCFLAGS_FILE := -O2
$(patsubst %.c,$(KOBJ)/%.o,$(IRQ_SAFE)): KCFLAGS_FILE := -mgeneral-regs-only
# The string functions must not be compiled into calls of themselves.
$(KOBJ)/lib/string.o: KCFLAGS_FILE := -O2 -fno-builtin

$(KOBJ)/%.o: %.c $(KOBJ)/flags
	@mkdir -p $(@D)
	@echo "  CC     $<"
	$(Q)$(CC) $(KCFLAGS) $(KCFLAGS_FILE) $(DEPGEN) -c $< -o $@

$(KOBJ)/%.asm.o: %.asm boot/layout.inc $(KOBJ)/flags
	@mkdir -p $(@D)
	@echo "  NASM   $<"
	$(Q)$(NASM) -f elf64 -I./ -o $@ $<

$(KOBJ)/symbols-1.asm: tools/symbols.py
	@mkdir -p $(@D)
	$(Q)$(PYTHON) tools/symbols.py < /dev/null > $@
$(KOBJ)/symbols-2.asm: $(KOBJ)/pass-1.elf tools/symbols.py
	$(Q)$(NM) $< | $(PYTHON) tools/symbols.py > $@
$(KOBJ)/symbols-%.o: $(KOBJ)/symbols-%.asm
	$(Q)$(NASM) -f elf64 -o $@ $<

$(KOBJ)/pass-1.elf: $(KERNEL_O) $(KOBJ)/symbols-1.o boot/linker.ld
	@echo "  LD     $@"
	$(Q)$(LD) $(KLDFLAGS) $(KERNEL_O) $(KOBJ)/symbols-1.o -o $@
$(KERNEL_DEBUG): $(KOBJ)/symbols-2.o
	@echo "  LD     $@"
	$(Q)$(LD) $(KLDFLAGS) $(KERNEL_O) $(KOBJ)/symbols-2.o -o $@
$(KERNEL): $(KERNEL_DEBUG)
	$(Q)$(OBJCOPY) --strip-all $< $@

kernel: $(KERNEL)  ## the kernel image, build/carillon.elf (with debug information: carillon.debug.elf)

iso: $(ISO)  ## the boot image, build/carillon.iso
$(ISO): $(KERNEL) iso/grub.cfg tools/mkiso.sh
	@echo "  ISO    $@"
	$(Q)tools/mkiso.sh $(KERNEL) $@

# The limit for make compare: the same image with a bare loop in the place of the shell.
BARE_ISO := $(BUILD)/bare-loop.iso
BARE_O := $(filter-out $(KOBJ)/apps/shell/shell.o,$(KERNEL_O)) \
    $(KOBJ)/tests/bench/bare_loop.o $(KOBJ)/symbols-1.o

$(BUILD)/bare-loop.elf: $(BARE_O) boot/linker.ld
	@echo "  LD     $@"
	$(Q)$(LD) $(KLDFLAGS) --strip-all $(BARE_O) -o $@
$(BARE_ISO): $(BUILD)/bare-loop.elf iso/grub.cfg tools/mkiso.sh
	@echo "  ISO    $@"
	$(Q)tools/mkiso.sh $< $@

# ---- host -------------------------------------------------------------------------------------------
HOST_SAN ?= -fsanitize=address,undefined -fno-sanitize-recover=all
HCFLAGS  := $(COMMON) -O1 $(HOST_SAN) $(DMA_CHECK_FLAG) -DCARILLON_HOST -fno-omit-frame-pointer
# lib/string.c replaces the C library in the kernel only; its own test compiles it under other names.
HOST_LIB_C := $(filter-out lib/string.c,$(LIB_C)) boot/multiboot2.c

hostobjs = $(patsubst %.c,$(BUILD)/host/%.o,$(1))
AR_lib   := $(BUILD)/host/liblib.a
AR_pci   := $(BUILD)/host/libpci.a
AR_nvme  := $(BUILD)/host/libnvme.a
AR_model := $(BUILD)/host/libmodel.a
AR_block := $(BUILD)/host/libblock.a
AR_fs    := $(BUILD)/host/libfs.a
AR_apps  := $(BUILD)/host/libapps.a
AR_fuzz  := $(BUILD)/host/libfuzz.a
$(AR_lib):   $(call hostobjs,$(HOST_LIB_C))
$(AR_pci):   $(call hostobjs,$(PCI_C) $(CONSOLE_C))
$(AR_nvme):  $(call hostobjs,$(NVME_C))
$(AR_model): $(call hostobjs,$(MODEL_C))
$(AR_block): $(call hostobjs,$(BLOCK_C))
$(AR_fs):    $(call hostobjs,$(FS_C))
$(AR_apps):  $(call hostobjs,$(APPS_C))
$(AR_fuzz):  $(call hostobjs,$(FUZZ_LIB_C))
$(BUILD)/host/lib%.a:
	@mkdir -p $(@D)
	$(Q)rm -f $@ && ar rcsD $@ $^

# A test's name says which layers it links: test_<layer>_<what>.c, a fuzz target links all.
LIBS_lib   := $(AR_model) $(AR_lib)
LIBS_pci   := $(AR_pci) $(LIBS_lib)
LIBS_nvme  := $(AR_nvme) $(AR_pci) $(LIBS_lib)
LIBS_block := $(AR_block) $(LIBS_nvme)
LIBS_fs    := $(AR_fs) $(LIBS_block)
LIBS_apps  := $(AR_apps) $(LIBS_fs)
layer_of    = $(word 2,$(subst _, ,$(notdir $(1))))
link_host   = $(CC) $(HCFLAGS) $(filter %.o,$^) -Wl,--start-group $(filter %.a,$^) -Wl,--end-group

UNIT   := $(patsubst tests/unit/%.c,$(BUILD)/host/unit/%,$(UNIT_C))
REPLAY := $(patsubst tests/fuzz/%.c,$(BUILD)/host/replay/%,$(FUZZ_C))
FUZZ   := $(patsubst tests/fuzz/%.c,$(BUILD)/fuzz/%,$(FUZZ_C))

$(BUILD)/host/%.o: %.c $(BUILD)/host/flags
	@mkdir -p $(@D)
	@echo "  HOSTCC $<"
	$(Q)$(CC) $(HCFLAGS) $(DEPGEN) -c $< -o $@

# A change of compiler or flags changes this file, and with it everything that was built with them.
$(BUILD)/host/flags: FORCE
	@mkdir -p $(@D)
	@echo '$(CC) $(HCFLAGS)' | cmp -s - $@ || echo '$(CC) $(HCFLAGS)' >$@

.SECONDEXPANSION:
.SECONDARY:
$(BUILD)/host/unit/%: $(BUILD)/host/tests/unit/%.o $$(LIBS_$$(call layer_of,$$*))
	@mkdir -p $(@D)
	@echo "  LINK   $@"
	$(Q)$(link_host) -lcmocka -lpthread -lm -o $@

$(BUILD)/host/replay/%: $(BUILD)/host/tests/fuzz/%.o $(BUILD)/host/tests/fuzz/replay.o \
                        $(AR_fuzz) $(LIBS_apps)
	@mkdir -p $(@D)
	@echo "  LINK   $@"
	$(Q)$(link_host) -lpthread -lm -o $@

# libFuzzer wants its own instrumentation everywhere, so everything is compiled once more for it.
FUZZ_CFLAGS := $(COMMON) -O1 -fno-omit-frame-pointer -DCARILLON_HOST
FUZZ_SAN    := address,undefined -fno-sanitize-recover=all
FUZZ_LIB    := $(BUILD)/fuzz/lib.a
$(FUZZ_LIB): $(patsubst %.c,$(BUILD)/fuzz/obj/%.o,$(HOST_LIB_C) $(PCI_C) $(CONSOLE_C) $(NVME_C) \
    $(BLOCK_C) $(FS_C) $(APPS_C) $(MODEL_C) $(FUZZ_LIB_C))
	$(Q)rm -f $@ && ar rcsD $@ $^

$(BUILD)/fuzz/obj/%.o: %.c
	@mkdir -p $(@D)
	@echo "  FUZZCC $<"
	$(Q)$(CLANG) $(FUZZ_CFLAGS) -fsanitize=fuzzer-no-link,$(FUZZ_SAN) $(DEPGEN) -c $< -o $@

$(BUILD)/fuzz/%: $(BUILD)/fuzz/obj/tests/fuzz/%.o $(FUZZ_LIB)
	@echo "  LINK   $@"
	$(Q)$(CLANG) -fsanitize=fuzzer,$(FUZZ_SAN) $^ -lpthread -lm -o $@

# ---- tests ------------------------------------------------------------------------------------------
TEST_LOGS := $(BUILD)/test-logs
PYTEST    := $(PYTHON) -m pytest -q -p no:cacheprovider -n 2
SYSTEM_ENV = CARILLON_BUILD=$(abspath $(BUILD)) PYTHONDONTWRITEBYTECODE=1
FUZZ_SECONDS ?= 60

# One after the other, also under make -j: they share programs, and the machine.
ifneq ($(filter test,$(MAKECMDGOALS)),)
.NOTPARALLEL:
endif
test: deps test-programs unit schedules tsan fuzz-replay instructions system system-ubsan system-dmacheck  ## all tests: unit, model, fuzz corpus, booted image

# What make test needs, built by as many compilers at a time as there are CPUs. Only building is
# parallel: each kind of test has the machine for itself.
JOBS := -j$(shell nproc)
test-programs:
	$(Q)$(MAKE) --no-print-directory $(JOBS) T= $(UNIT) $(REPLAY) $(ISO)
	$(Q)$(MAKE) --no-print-directory $(JOBS) $(SCHEDULES_BUILD) $(SCHEDULES)
	$(Q)$(MAKE) --no-print-directory $(JOBS) $(TSAN_BUILD) \
		$(patsubst tests/unit/%.c,$(BUILD)/tsan/host/unit/%,$(TSAN_C))
	$(Q)$(MAKE) --no-print-directory $(JOBS) $(UBSAN_BUILD) iso
	$(Q)$(MAKE) --no-print-directory $(JOBS) $(DMACHECK_BUILD) iso

unit: $(UNIT)  ## the unit and model tests (ASan, UBSan); T=tests/unit/test_x.c for one of them
	$(Q)tests/run_unit.sh $(TEST_LOGS) $(if $(T),$(patsubst tests/unit/%.c,$(BUILD)/host/unit/%,$(T)),$(UNIT))

# So many that they are built for speed and without sanitizers; make unit runs some of them with.
SCHEDULES_BUILD = BUILD=$(BUILD)/fast HOST_SAN=-O2
SCHEDULES = $(BUILD)/fast/host/unit/test_nvme_schedules
schedules:  ## random schedules of faults on the model: N (100000) of them, from seed SEED (0) on
	$(Q)$(MAKE) --no-print-directory $(SCHEDULES_BUILD) $(SCHEDULES)
	$(Q)$(SCHEDULES) $(or $(N),100000) $(or $(SEED),0)

SEEDS := $(BUILD)/fuzz-seeds
$(SEEDS)/made: tests/fuzz/seeds.py tests/fuzz/fuzz_apps_print.c
	$(Q)rm -rf $(SEEDS) && $(PYTHON) $< $(SEEDS) && touch $@

fuzz-replay: $(REPLAY) $(SEEDS)/made  ## every input of the fuzz corpora once (ASan, UBSan)
	$(Q)tests/run_replay.sh $(SEEDS) $(REPLAY)

fuzz: $(FUZZ) $(SEEDS)/made  ## libFuzzer, FUZZ_SECONDS (60) for each parser; new inputs stay in build/fuzz
	$(Q)tests/fuzz/run.sh $(BUILD)/fuzz $(SEEDS) $(FUZZ_SECONDS) $(FUZZ)

system: $(ISO)  ## boot the image in QEMU and look at it from outside; T=expression as pytest -k
	$(Q)$(SYSTEM_ENV) $(PYTEST) $(if $(T),-k '$(T)') tests/system

# Other commands and faults each time; SEED= brings those of an earlier run again.
MINUTES ?= 2
soak: $(ISO)  ## MINUTES (2) of random I/O with random faults, the data verified; SEED= repeats a run
	$(Q)$(SYSTEM_ENV) $(PYTHON) tests/system/soak.py --minutes $(MINUTES) $(if $(SEED),--seed $(SEED))

# The same image built with undefined behaviour trapped, or with the use of memory for devices
# watched, has to pass the short tests too; ALL=1: every test.
UBSAN_BUILD = BUILD=$(BUILD)/ubsan UBSAN=1 T=
DMACHECK_BUILD = BUILD=$(BUILD)/dmacheck DMA_CHECK=1 T=
SHORT = $(if $(ALL),,-m smoke) $(if $(T),-k '$(T)')
system-ubsan:  ## the short system tests on a kernel with -fsanitize=undefined; ALL=1 for all
	$(Q)$(MAKE) --no-print-directory $(UBSAN_BUILD) iso
	$(Q)$(SYSTEM_ENV) CARILLON_ISO=$(abspath $(BUILD)/ubsan/carillon.iso) $(PYTEST) $(SHORT) tests/system

system-dmacheck:  ## the short system tests on a kernel with DMA_CHECK=1; ALL=1 for all
	$(Q)$(MAKE) --no-print-directory $(DMACHECK_BUILD) iso
	$(Q)$(SYSTEM_ENV) CARILLON_ISO=$(abspath $(BUILD)/dmacheck/carillon.iso) $(PYTEST) $(SHORT) tests/system

# The host tests that have threads. TSan and ASan exclude each other; it knows no fences, and here
# they stand between the driver and a device, which takes a lock.
TSAN_C := $(patsubst %,tests/unit/test_%.c,apps_bench_engine_jobs lib_log nvme_threads pci_console)
TSAN_BUILD = BUILD=$(BUILD)/tsan HOST_SAN='-fsanitize=thread -Wno-tsan'
tsan:  ## the host tests with several threads under ThreadSanitizer
	$(Q)$(MAKE) --no-print-directory $(TSAN_BUILD) UNIT_C='$(TSAN_C)' T= unit

# Exact and the same on every machine with the same compiler, so this is a test and no measurement.
instructions:  ## instructions of engine and driver for one I/O at depth 128, counted; fails above 250
	$(Q)$(PYTHON) tests/bench/engine_instructions.py --limit=250

# Can the tests fail? Small wrong changes to the driver, the block layer and the file system.
MUTANTS := $(BUILD)/mutants
mutant-objects: $(call hostobjs,$(HOST_LIB_C) $(PCI_C) $(CONSOLE_C) $(NVME_C) $(BLOCK_C) $(FS_C) \
    $(APPS_C) $(MODEL_C) $(UNIT_C))

mutants:  ## how many of N=200 wrong changes (SEED=1) the unit tests notice; fails below 90 %
	$(Q)$(MAKE) --no-print-directory BUILD=$(MUTANTS) HOST_SAN=-fPIC mutant-objects
	$(Q)$(PYTHON) tests/mutation/mutate.py --build $(MUTANTS) --cc '$(CC)' \
		--cflags '$(filter-out $(HOST_SAN),$(HCFLAGS)) -fPIC' -n $(or $(N),200) --seed $(or $(SEED),1)

coverage:  ## lines and branches of the portable code that the unit tests and fuzz inputs reach
	$(Q)$(MAKE) --no-print-directory BUILD=$(BUILD)/coverage HOST_SAN=--coverage unit fuzz-replay
	$(Q)$(PYTHON) tools/coverage.py $(BUILD)/coverage

# ---- lint -------------------------------------------------------------------------------------------
LINT := tests/lint
lint: deps  ## warnings of gcc and clang, clang-tidy, cppcheck, layers, sizes, scripts
	$(Q)CC_HOST='$(COMMON) -DCARILLON_HOST -O1' CC_KERNEL='$(KCFLAGS)' PYTHON=$(PYTHON) \
		KERNEL_C='$(KERNEL_C)' HOST_C='$(PORTABLE_C) $(MODEL_C) $(UNIT_C) $(FUZZ_C) $(FUZZ_LIB_C)' $(LINT)/run.sh $(BUILD)

format:  ## clang-format over all C sources
	clang-format -i $(shell find lib arch boot drivers fs apps tests -name '*.[ch]' | sort)

# ---- running ----------------------------------------------------------------------------------------
BENCH ?= bench --filename=nvme0n1 --rw=randread --bs=4k --iodepth=32 --runtime=5 --time_based
DISK  ?= $(BUILD)/disk.img
QEMU_ARGS ?=

$(BUILD)/disk.img: tools/mkdisk.sh
	$(Q)tools/mkdisk.sh $@

# JOB=path: a fio job file, carried in on a second disk. All its jobs go to the one disk; they may write
# to it with WRITE=1. REPORT=1: files and a page with plots from what the guest printed.
JOBS_IMG := $(BUILD)/jobs.img
ifdef JOB
BENCH := $(if $(WRITE),arm nvme0n1 CARILLON1; )bench nvme1n1:/job.fio --filename=nvme0n1
QEMU_ARGS += -drive if=none,id=jobs,format=raw,readonly=on,file=$(JOBS_IMG) -device nvme,serial=JOBS,drive=jobs
endif
ifdef REPORT
BENCH += --output-format=normal,json+
endif

bench: deps $(ISO) $(DISK)  ## measure a QEMU disk; BENCH="bench --rw=read ..." or JOB=x.fio, WRITE=1, REPORT=1
ifdef JOB
	$(Q)rm -f $(JOBS_IMG) && /usr/sbin/mkfs.fat -C -F 32 -s 1 $(JOBS_IMG) 40960 >/dev/null
	$(Q)mcopy -i $(JOBS_IMG) '$(JOB)' ::/job.fio
endif
	$(Q)tools/vm.sh bench $(ISO) $(DISK) '$(BENCH)' $(QEMU_ARGS)
ifdef REPORT
	$(Q)tools/deps.sh python3-matplotlib
	$(Q)rm -rf $(BUILD)/report && tools/capture -o $(BUILD)/report $(ISO:.iso=-bench.log)
	$(Q)tools/report -o $(BUILD)/report/report.html $(BUILD)/report/*
endif

run: deps $(ISO) $(DISK)  ## the shell on this terminal (leave with Ctrl-A X)
	$(Q)tools/vm.sh run $(ISO) $(DISK) $(QEMU_ARGS)

debug: deps $(ISO) $(DISK)  ## like run, but waits for gdb: gdb build/carillon.debug.elf -ex 'target remote :1234'
	$(Q)tools/vm.sh debug $(ISO) $(DISK) $(QEMU_ARGS)

compare: deps $(ISO) $(BARE_ISO)  ## the same jobs on Linux with fio, on Carillon and on a bare loop; N=3 boots, CPUS=1
	$(Q)$(PYTHON) tests/bench/compare.py --iso $(ISO) --kernel $(KERNEL) --loop $(BARE_ISO) \
		--work $(BUILD)/compare $(if $(N),--boots $(N)) $(if $(CPUS),--cpus $(CPUS))

# ---- the rest ---------------------------------------------------------------------------------------
deps:  ## install the Debian packages that are missing
	$(Q)tools/deps.sh

clean:  ## remove everything built
	rm -rf $(BUILD)

help:  ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-14s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))
	@echo '  V=1 shows the commands, CC=clang uses the other compiler, UBSAN=1 traps undefined behaviour.'

FORCE:
.PHONY: FORCE kernel iso test test-programs unit schedules tsan fuzz-replay fuzz instructions system soak system-ubsan \
        system-dmacheck mutant-objects mutants coverage lint format bench run debug compare deps clean \
        help
-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
