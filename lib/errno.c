/*
 * lib/errno.c - error numbers in words.
 */
#include "lib/errno.h"

#include <stddef.h>

#include "lib/compiler.h"

static const struct {
    int err;
    const char *name;
    const char *text;
} errors[] = {
    { 0, "0", "no error" },
    { EPERM, "EPERM", "this is not to be done from here" },
    { ENOENT, "ENOENT", "no such file, device or name" },
    { EINTR, "EINTR", "stopped by Ctrl-C" },
    { EIO, "EIO", "the device reported an error" },
    { ENXIO, "ENXIO", "the device is gone" },
    { EAGAIN, "EAGAIN", "no room now; try again" },
    { ENOMEM, "ENOMEM", "out of memory" },
    { EBUSY, "EBUSY", "in use" },
    { EEXIST, "EEXIST", "the name is taken" },
    { ENODEV, "ENODEV", "no device of that kind" },
    { ENOTDIR, "ENOTDIR", "a part of the path is not a directory" },
    { EISDIR, "EISDIR", "is a directory" },
    { EINVAL, "EINVAL", "not a valid value" },
    { ENOSPC, "ENOSPC", "no space left" },
    { EROFS, "EROFS", "read-only, or not armed for writing" },
    { ERANGE, "ERANGE", "the number is out of range" },
    { ENAMETOOLONG, "ENAMETOOLONG", "the name is too long" },
    { ENODATA, "ENODATA", "the media could not be read" },
    { EPROTO, "EPROTO", "the data contradicts its own format" },
    { EOVERFLOW, "EOVERFLOW", "the result does not fit" },
    { EILSEQ, "EILSEQ", "not valid UTF-8 or UTF-16" },
    { ENOTSUP, "ENOTSUP", "not supported" },
    { ESHUTDOWN, "ESHUTDOWN", "the controller has failed or was shut down" },
    { ETIMEDOUT, "ETIMEDOUT", "no answer within the deadline" },
    { ECANCELED, "ECANCELED", "ended by a reset before it was done" },
};

static size_t find(int err)
{
    for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
        if (errors[i].err == err || errors[i].err == -err) {
            return i;
        }
    }
    return ARRAY_SIZE(errors);
}

const char *errno_name(int err)
{
    size_t i = find(err);

    return i < ARRAY_SIZE(errors) ? errors[i].name : "E?";
}

const char *errno_text(int err)
{
    size_t i = find(err);

    return i < ARRAY_SIZE(errors) ? errors[i].text : "an error without a name";
}
