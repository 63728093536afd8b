/*
 * drivers/block/block_nvme.c - NVMe namespaces as disks.
 *
 * Everything goes through queue pair 0, which belongs to the CPU the block layer runs on, one
 * request at a time: file systems and commands want simplicity here, the benchmark drives queues
 * itself. A buffer the device can reach is used as it is; any other is copied through one DMA
 * buffer that the namespaces of a controller share.
 */
#include "drivers/block/block.h"

#include "lib/errno.h"
#include "lib/heap.h"
#include "lib/log.h"
#include "lib/out.h"
#include "lib/string.h"

#include "drivers/nvme/nvme.h"

#define BOUNCE_BYTES (128 * KIB)
#define PAGE_BYTES 4096
#define DWORD_BYTES 4 /* PRP entry 1 may have any dword offset (NVMe 1.4 §4.3) */

/* What the disks of one controller share. */
struct adapter {
    struct nvme_ctrlr *ctrlr;
    struct dma_buf bounce;
    unsigned users;
};

struct nvme_disk {
    struct adapter *adapter;
    struct nvme_ns *ns;
};

static void adapter_release(struct adapter *adapter)
{
    if (--adapter->users == 0) {
        nvme_dma_free(adapter->ctrlr, &adapter->bounce);
        heap_free(adapter);
    }
}

/* The errno says too little to whoever has a drive that is suspect. */
static void tell_refusal(const struct nvme_io *io)
{
    const struct nvme_ns *ns = io->ns;
    char command[32], place[64] = "", status[96];

    nvme_opcode_format(false, io->opcode, command, sizeof(command));
    nvme_status_format(io->status, status, sizeof(status));
    if (io->nlb == 1) {
        str_format(place, sizeof(place), " of LBA %llu", (unsigned long long)io->lba);
    } else if (io->nlb > 1) {
        str_format(place, sizeof(place), " within LBA %llu to %llu", (unsigned long long)io->lba,
                   (unsigned long long)(io->lba + io->nlb - 1));
    }
    log_error("%sn%u: %s%s failed: %s", nvme_name(ns->ctrlr), (unsigned)ns->nsid, command, place,
              status);
}

static int run_io(struct nvme_disk *disk, uint8_t opcode, uint64_t lba, uint32_t nlb,
                  uint64_t iova)
{
    struct nvme_io io = {
        .ns = disk->ns,
        .lba = lba,
        .iova = iova,
        .nlb = nlb,
        .opcode = opcode,
    };

    int err = nvme_io_sync(nvme_qpair_at(disk->adapter->ctrlr, 0), &io, true);

    if (io.status) {
        tell_refusal(&io);
    }
    return err;
}

/* The device address of a buffer that can be used as it is, or UINT64_MAX. */
static uint64_t direct_iova(struct nvme_disk *disk, const void *buf, size_t len)
{
    uint64_t iova = nvme_dma_addr(disk->adapter->ctrlr, buf, len);

    return iova != UINT64_MAX && IS_ALIGNED(iova, DWORD_BYTES) ? iova : UINT64_MAX;
}

static int disk_read(void *ctx, uint64_t lba, uint32_t count, void *buf)
{
    struct nvme_disk *disk = ctx;
    uint32_t block_bytes = disk->ns->block_bytes;
    uint64_t iova = direct_iova(disk, buf, (size_t)count * block_bytes);
    uint8_t *bytes = buf;

    if (iova != UINT64_MAX) {
        return run_io(disk, NVME_IO_READ, lba, count, iova);
    }
    while (count > 0) {
        uint32_t part = MIN(count, (uint32_t)(BOUNCE_BYTES / block_bytes));
        int err = run_io(disk, NVME_IO_READ, lba, part, disk->adapter->bounce.iova);

        if (err) {
            return err;
        }
        memcpy(bytes, disk->adapter->bounce.va, (size_t)part * block_bytes);
        bytes += (size_t)part * block_bytes;
        lba += part;
        count -= part;
    }
    return 0;
}

static int disk_write(void *ctx, uint64_t lba, uint32_t count, const void *buf)
{
    struct nvme_disk *disk = ctx;
    uint32_t block_bytes = disk->ns->block_bytes;
    uint64_t iova = direct_iova(disk, buf, (size_t)count * block_bytes);
    const uint8_t *bytes = buf;

    if (iova != UINT64_MAX) {
        return run_io(disk, NVME_IO_WRITE, lba, count, iova);
    }
    while (count > 0) {
        uint32_t part = MIN(count, (uint32_t)(BOUNCE_BYTES / block_bytes));

        memcpy(disk->adapter->bounce.va, bytes, (size_t)part * block_bytes);
        int err = run_io(disk, NVME_IO_WRITE, lba, part, disk->adapter->bounce.iova);
        if (err) {
            return err;
        }
        bytes += (size_t)part * block_bytes;
        lba += part;
        count -= part;
    }
    return 0;
}

static int disk_flush(void *ctx)
{
    return run_io(ctx, NVME_IO_FLUSH, 0, 0, 0);
}

static int disk_arm(void *ctx, const char *serial)
{
    struct nvme_disk *disk = ctx;

    return nvme_ns_arm(disk->ns, serial);
}

static void disk_disarm(void *ctx)
{
    struct nvme_disk *disk = ctx;

    nvme_ns_disarm(disk->ns);
}

static bool disk_armed(void *ctx)
{
    const struct nvme_disk *disk = ctx;

    return disk->ns->armed;
}

static void disk_destroy(void *ctx)
{
    struct nvme_disk *disk = ctx;

    adapter_release(disk->adapter);
    heap_free(disk);
}

static const struct block_ops nvme_ops = {
    .read = disk_read,
    .write = disk_write,
    .flush = disk_flush,
    .arm = disk_arm,
    .disarm = disk_disarm,
    .armed = disk_armed,
    .destroy = disk_destroy,
};

/* Adds a disk for ns. 0 with *dev NULL: the block layer cannot hold it, which was logged. */
static int add_ns(struct block_registry *reg, struct adapter *adapter, struct nvme_ns *ns,
                  struct block_dev **dev)
{
    const struct nvme_info *ctrlr = nvme_info(adapter->ctrlr);
    struct block_info info = {
        .block_count = ns->block_count,
        .block_bytes = ns->block_bytes,
        .volatile_cache = ctrlr->volatile_cache,
    };

    *dev = NULL;
    str_format(info.name, sizeof(info.name), "%sn%u", nvme_name(adapter->ctrlr),
               (unsigned)ns->nsid);
    if (!ns->usable) {
        log_warn("%s: not used: it %s", info.name,
                 ns->unusable_why ? ns->unusable_why : "cannot do plain block I/O");
        return 0;
    }
    str_copy(info.serial, sizeof(info.serial), ctrlr->serial);
    str_copy(info.model, sizeof(info.model), ctrlr->model);

    struct nvme_disk *disk = heap_alloc(1, sizeof(*disk));
    if (!disk) {
        return -ENOMEM;
    }
    disk->adapter = adapter;
    disk->ns = ns;
    int err = block_add(reg, &info, &nvme_ops, disk, dev);
    if (err) {
        heap_free(disk);
        if (err == -ENOMEM) {
            return err;
        }
        log_warn("%s: not used: %llu blocks of %u bytes is no size the block layer can handle",
                 info.name, (unsigned long long)ns->block_count, (unsigned)ns->block_bytes);
        return 0;
    }
    adapter->users++;
    return 0;
}

/* What the disks of ctrlr share already, or a new one. The caller is one of its users. */
static struct adapter *adapter_get(struct block_registry *reg, struct nvme_ctrlr *ctrlr)
{
    struct block_dev *dev;
    const struct block_ops *ops;
    struct adapter *adapter;

    for (unsigned i = 0; (dev = block_at(reg, i)); i++) {
        const struct nvme_disk *disk = block_context(dev, &ops);

        if (ops == &nvme_ops && disk->adapter->ctrlr == ctrlr) {
            disk->adapter->users++;
            return disk->adapter;
        }
    }
    adapter = heap_alloc(1, sizeof(*adapter));
    if (!adapter) {
        return NULL;
    }
    if (nvme_dma_alloc(ctrlr, BOUNCE_BYTES, PAGE_BYTES, &adapter->bounce) != 0) {
        heap_free(adapter);
        return NULL;
    }
    adapter->ctrlr = ctrlr;
    adapter->users = 1;
    return adapter;
}

int block_nvme_add(struct block_registry *reg, struct nvme_ctrlr *ctrlr)
{
    struct adapter *adapter = adapter_get(reg, ctrlr);
    int count = 0;
    int err = 0;

    if (!adapter) {
        return -ENOMEM;
    }
    for (unsigned i = 0; i < nvme_ns_count(ctrlr) && !err; i++) {
        struct block_dev *dev;

        err = add_ns(reg, adapter, nvme_ns_at(ctrlr, i), &dev);
        count += dev != NULL;
    }
    adapter_release(adapter);
    return err ? err : count;
}

/* --- namespaces that have changed ------------------------------------------------------------- */

static void scan_partitions(struct block_registry *reg, struct block_dev *disk)
{
    int scheme = partition_scan(reg, disk);

    if (scheme < 0) {
        log_warn("%s: the partition table could not be read: %s", block_info(disk)->name,
                 errno_text(scheme));
    }
}

static struct block_dev *disk_of(struct block_registry *reg, const struct nvme_ns *ns)
{
    struct block_dev *dev;

    for (unsigned i = 0; (dev = block_at(reg, i)); i++) {
        if (!block_info(dev)->parent && block_nvme_ns(dev) == ns) {
            return dev;
        }
    }
    return NULL;
}

/* The disks there are: takes out those whose namespace is gone, resizes those that need it. */
static int refresh_old(struct block_registry *reg, const struct nvme_ctrlr *ctrlr)
{
    struct block_dev *dev;
    int changes = 0;

    for (unsigned i = 0; (dev = block_at(reg, i));) {
        const struct nvme_ns *ns = block_nvme_ns(dev);

        i++;
        if (!ns || ns->ctrlr != ctrlr || block_info(dev)->parent) {
            continue;
        }
        if (ns->gone) {
            block_remove(reg, dev);
            i--;
            changes++;
        } else if (ns->block_count != block_info(dev)->block_count) {
            changes++;
            if (block_resize(reg, dev, ns->block_count)) {
                block_remove(reg, dev); /* a size that is none */
                i--;
            } else {
                scan_partitions(reg, dev);
            }
        }
    }
    return changes;
}

int block_nvme_refresh(struct block_registry *reg, struct nvme_ctrlr *ctrlr)
{
    struct adapter *adapter = adapter_get(reg, ctrlr);
    int err = 0;

    if (!adapter) {
        return -ENOMEM;
    }
    int changes = refresh_old(reg, ctrlr);
    for (unsigned i = 0; i < nvme_ns_count(ctrlr) && !err; i++) {
        struct nvme_ns *ns = nvme_ns_at(ctrlr, i);
        struct block_dev *dev = disk_of(reg, ns);

        if (!dev && ns->usable) {
            err = add_ns(reg, adapter, ns, &dev);
            if (dev) {
                changes++;
                scan_partitions(reg, dev);
            }
        }
    }
    adapter_release(adapter);
    return err ? err : changes;
}

static bool is_of(void *ctx, const void *arg)
{
    const struct nvme_disk *disk = ctx;

    return disk->adapter->ctrlr == arg;
}

unsigned block_nvme_remove(struct block_registry *reg, const struct nvme_ctrlr *ctrlr)
{
    return block_sever(reg, &nvme_ops, is_of, ctrlr);
}

struct nvme_ns *block_nvme_ns(struct block_dev *dev)
{
    const struct block_ops *ops;
    struct nvme_disk *disk = block_context(dev, &ops);

    return ops == &nvme_ops ? disk->ns : NULL;
}
