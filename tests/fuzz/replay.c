/*
 * tests/fuzz/replay.c - runs a fuzz target on files instead of the fuzzer's inputs, so that the
 * corpus is a regression test with any compiler. A crash, or a sanitizer's report, ends it.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define INPUT_MAX_BYTES (1U << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (!file) {
        perror(path);
        return 1;
    }
    uint8_t *data = malloc(INPUT_MAX_BYTES);
    if (!data) {
        fclose(file);
        return 1;
    }
    size_t size = fread(data, 1, INPUT_MAX_BYTES, file);
    fclose(file);

    /* An exact copy, so that the address sanitizer sees a read past the end. */
    uint8_t *exact = realloc(data, size ? size : 1);
    LLVMFuzzerTestOneInput(exact ? exact : data, size);
    free(exact ? exact : data);
    return 0;
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (replay(argv[i])) {
            return 1;
        }
    }
    return 0;
}
