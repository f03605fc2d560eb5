/* Rules of host-based authentication, and maps of names. */
#include "input.h"

#include "auth/hba.h"

static void complain(void *arg, bool fatal, const char *file, int line, const char *text)
{
        (void)arg;
        (void)fatal;
        CHECK(file != NULL && line >= 0 && *text != '\0');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        const char *path;

        if (memmem(data, size, "include", 7) != NULL || memchr(data, '@', size) != NULL)
                return 0; /* it could name any file of this machine */
        path = input_file(data, size);
        hba_unref(hba_load(path, "", complain, NULL));
        hba_unref(hba_load(path, path, complain, NULL));
        return 0;
}
