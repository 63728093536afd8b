/*
 * lib/errno.h - the error numbers functions return, negated. The values are Linux's, so that the
 * host tests may include the C library's header beside this one.
 */
#pragma once

#define EPERM 1       /* not to be done from here, by anybody */
#define ENOENT 2      /* no such file, device or name */
#define EINTR 4       /* the person pressed Ctrl-C */
#define EIO 5         /* the device reported an error */
#define ENXIO 6       /* the device is gone */
#define EAGAIN 11     /* no room now; try again after reaping */
#define ENOMEM 12     /* out of memory */
#define EBUSY 16      /* in use */
#define EEXIST 17     /* the name is taken */
#define ENODEV 19     /* not a device of the kind asked for */
#define ENOTDIR 20    /* a part of the path is not a directory */
#define EISDIR 21     /* is a directory */
#define EINVAL 22     /* the caller's mistake; nothing was done */
#define ENOSPC 28     /* no space left */
#define EROFS 30      /* read-only, or not armed for writing */
#define ERANGE 34     /* number out of range */
#define ENAMETOOLONG 36
#define ENODATA 61    /* media could not be read */
#define EPROTO 71     /* foreign data breaks its own format */
#define EOVERFLOW 75  /* does not fit the result */
#define EILSEQ 84     /* invalid UTF-8 or UTF-16 */
#define ENOTSUP 95    /* the device or the program has no such function */
#define ESHUTDOWN 108 /* the controller has failed or was shut down */
#define ETIMEDOUT 110 /* no answer within the deadline */
#define ECANCELED 125 /* ended by a reset or an abort before it was done */

/* "EIO" for EIO or -EIO; "E?" for a number that is not above. */
const char *errno_name(int err);

/* A short phrase for a person ("the device reported an error") for EIO or -EIO. */
const char *errno_text(int err);
