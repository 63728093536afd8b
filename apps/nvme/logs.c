/*
 * apps/nvme/logs.c - what the commands that show log pages share.
 */
#include "apps/nvme/logs.h"

#include "apps/files/files.h"
#include "lib/bytes.h"
#include "lib/errno.h"
#include "lib/heap.h"
#include "lib/string.h"

#define LINE_BYTES       16
#define ZERO_CELSIUS_K   273

int nvme_log_fail(struct shell *sh, const char *command, struct nvme_ctrlr *ctrlr, uint8_t lid,
                  uint32_t nsid, int err, const struct nvme_result *res)
{
    char what[64];

    if (err == -ENOTSUP && res->status == 0) {
        enum nvme_ability missing = nvme_log_missing(ctrlr, lid, nsid);

        return nvme_require(sh, command, ctrlr,
                            missing == NVME_ABILITY_COUNT ? NVME_CAN_LOG_EXTENDED : missing);
    }
    str_format(what, sizeof(what), "Get Log Page %02Xh (%s)", lid, nvme_log_name(lid));
    return nvme_explain(sh, command, ctrlr, what, err, res);
}

int nvme_log_get(struct shell *sh, const char *command, struct nvme_ctrlr *ctrlr,
                 const struct nvme_log_request *req, size_t len, void **page)
{
    struct nvme_result res = {0};

    *page = heap_alloc(1, len);
    if (!*page) {
        return -ENOMEM;
    }
    int err = nvme_log_read(ctrlr, req, *page, len, &res);
    if (err) {
        heap_free(*page);
        *page = NULL;
        return nvme_log_fail(sh, command, ctrlr, req->lid, req->nsid, err, &res);
    }
    return 0;
}

void nvme_log_show_bytes(struct show *s, const void *data, size_t len, uint64_t address)
{
    const uint8_t *bytes = data;
    char text[2 * LINE_BYTES + 1];
    struct dump dump;

    if (!s->json) {
        dump_init(&dump, s->out, address);
        dump_put(&dump, bytes, len);
        dump_end(&dump);
        return;
    }
    show_open_array(s, "data", NULL);
    for (size_t at = 0; at < len; at += LINE_BYTES) {
        for (size_t i = 0; i < LINE_BYTES && at + i < len; i++) {
            str_format(text + 2 * i, sizeof(text) - 2 * i, "%02x", bytes[at + i]);
        }
        show_json_text(s, NULL, text);
    }
    show_close_array(s);
}

uint64_t nvme_u128_low(const uint8_t value[16])
{
    return load_le64(value + 8) ? UINT64_MAX : load_le64(value);
}

void nvme_show_temperature(struct show *s, const char *name, const char *key, unsigned kelvin)
{
    int celsius = (int)kelvin - ZERO_CELSIUS_K;

    show_number_as(s, name, key, kelvin, "%d C (%u K, %d F)", celsius, kelvin,
                   celsius * 9 / 5 + 32);
}

void nvme_error_location(const struct nvme_error_entry *e, char *buf, size_t cap)
{
    static const struct {
        uint8_t first, last;
        const char *name;
    } fields[] = {
        {0, 0, "opcode"},          {1, 1, "flags"},          {2, 3, "command identifier"},
        {4, 7, "namespace identifier"}, {8, 15, "CDW2, 3"},  {16, 23, "metadata pointer"},
        {24, 39, "data pointer"},  {40, 43, "CDW10"},        {44, 47, "CDW11"},
        {48, 51, "CDW12"},         {52, 55, "CDW13"},        {56, 59, "CDW14"},
        {60, 63, "CDW15"},
    };
    unsigned byte = (unsigned)FIELD_GET(NVME_ERROR_LOCATION_BYTE, e->location);

    buf[0] = '\0';
    for (size_t i = 0; e->location != NVME_ERROR_LOCATION_NONE && i < ARRAY_SIZE(fields); i++) {
        if (byte >= fields[i].first && byte <= fields[i].last) {
            str_format(buf, cap, "%s, byte %u bit %u", fields[i].name, byte,
                       (unsigned)FIELD_GET(NVME_ERROR_LOCATION_BIT, e->location));
        }
    }
}
