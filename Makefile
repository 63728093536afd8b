# Carillon. One file, not recursive. `make help` lists the targets; V=1 shows the commands.
.DELETE_ON_ERROR:
.SUFFIXES:
.DEFAULT_GOAL := iso

CC     ?= gcc
ifeq ($(origin CC),default)
CC     := gcc
endif
NASM   ?= nasm
PYTHON ?= /usr/bin/python3
BUILD  ?= build
Q      := $(if $(V),,@)

# ---- sources, per layer ---------------------------------------------------------------------------
LIB_C    := $(sort $(wildcard lib/*.c))
ARCH_C   := $(sort $(wildcard arch/x86_64/*.c))
ARCH_ASM := $(sort $(wildcard arch/x86_64/*.asm))
BOOT_C   := $(sort $(wildcard boot/*.c))
BOOT_ASM := $(sort $(wildcard boot/*.asm))
PCI_C    := $(sort $(wildcard drivers/pci/*.c))
UART_C   := $(sort $(wildcard drivers/uart/*.c))
CONSOLE_C := $(sort $(wildcard drivers/console/*.c))
NVME_C   := $(filter-out drivers/nvme/nvme_pci.c,$(sort $(wildcard drivers/nvme/*.c)))
BLOCK_C  := $(sort $(wildcard drivers/block/*.c))
FS_C     := $(sort $(wildcard fs/*.c fs/*/*.c))
APPS_C   := $(sort $(wildcard apps/*.c apps/*/*.c))

PORTABLE_C := $(LIB_C) $(PCI_C) $(CONSOLE_C) $(NVME_C) $(BLOCK_C) $(FS_C) $(APPS_C)
KERNEL_C   := $(PORTABLE_C) $(ARCH_C) $(UART_C) drivers/nvme/nvme_pci.c $(BOOT_C)
KERNEL_ASM := $(BOOT_ASM) $(ARCH_ASM)

WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wundef \
        -Wpointer-arith -Wwrite-strings -Werror
COMMON := -std=gnu17 -I. -g $(WARN) -MMD -MP -ffile-prefix-map=$(CURDIR)=.

# ---- kernel -----------------------------------------------------------------------------------------
KCFLAGS := $(COMMON) -O2 -ffreestanding -fno-pic -fno-pie -mcmodel=kernel -mno-red-zone -m64 \
           -march=x86-64 -fno-omit-frame-pointer -fstack-protector-strong -mstack-protector-guard=global \
           -fno-asynchronous-unwind-tables -fno-strict-aliasing -fno-common -ffunction-sections -fdata-sections
# Code that runs in interrupt context must not touch SSE registers, which are not saved there.
IRQ_SAFE := $(ARCH_C) $(UART_C) $(CONSOLE_C)

include tools/kernel.mk

# ---- host -------------------------------------------------------------------------------------------
HOST_SAN := -fsanitize=address,undefined -fno-sanitize-recover=all
HCFLAGS  := $(COMMON) -O1 $(HOST_SAN) -DCARILLON_HOST -fno-omit-frame-pointer
MODEL_C  := $(sort $(wildcard tests/model/*.c))
# lib/string.c replaces the C library in the kernel only; its own test compiles it under other names.
HOST_LIB_C := $(filter-out lib/string.c,$(LIB_C))

hostobjs = $(patsubst %.c,$(BUILD)/host/%.o,$(1))
AR_lib   := $(BUILD)/host/liblib.a
AR_pci   := $(BUILD)/host/libpci.a
AR_nvme  := $(BUILD)/host/libnvme.a
AR_model := $(BUILD)/host/libmodel.a
AR_block := $(BUILD)/host/libblock.a
AR_fs    := $(BUILD)/host/libfs.a
AR_apps  := $(BUILD)/host/libapps.a
$(AR_lib):   $(call hostobjs,$(HOST_LIB_C))
$(AR_pci):   $(call hostobjs,$(PCI_C) $(CONSOLE_C))
$(AR_nvme):  $(call hostobjs,$(NVME_C))
$(AR_model): $(call hostobjs,$(MODEL_C))
$(AR_block): $(call hostobjs,$(BLOCK_C))
$(AR_fs):    $(call hostobjs,$(FS_C))
$(AR_apps):  $(call hostobjs,$(APPS_C))
$(BUILD)/host/lib%.a:
	@mkdir -p $(@D)
	$(Q)rm -f $@ && ar rcsD $@ $^

# A test's name says which layers it links: test_<layer>_<what>.c
LIBS_lib   := $(AR_model) $(AR_lib)
LIBS_pci   := $(AR_pci) $(LIBS_lib)
LIBS_nvme  := $(AR_nvme) $(AR_pci) $(LIBS_lib)
LIBS_block := $(AR_block) $(LIBS_nvme)
LIBS_fs    := $(AR_fs) $(LIBS_block)
LIBS_apps  := $(AR_apps) $(LIBS_fs)

UNIT_C := $(sort $(wildcard tests/unit/test_*.c))
UNIT   := $(patsubst tests/unit/%.c,$(BUILD)/host/unit/%,$(UNIT_C))

$(BUILD)/host/%.o: %.c Makefile
	@mkdir -p $(@D)
	@echo "  HOSTCC $<"
	$(Q)$(CC) $(HCFLAGS) -c $< -o $@

layer_of = $(word 2,$(subst _, ,$(notdir $(1))))
.SECONDEXPANSION:
$(BUILD)/host/unit/%: $(BUILD)/host/tests/unit/%.o $$(LIBS_$$(call layer_of,$$*))
	@mkdir -p $(@D)
	@echo "  LINK   $@"
	$(Q)$(CC) $(HCFLAGS) $< -Wl,--start-group $(LIBS_$(call layer_of,$*)) -Wl,--end-group -lcmocka -lpthread -lm -o $@

unit: $(UNIT)  ## build and run the unit and model tests (ASan, UBSan)
	$(Q)set -e; for t in $(UNIT); do echo "== $$t"; $$t; done

clean:
	rm -rf $(BUILD)

.PHONY: unit clean iso
-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
