/* tempdir: a directory for the files of tests, which goes away with what is in it when the tests end. */
#pragma once

/* Its path, without a slash at its end. */
const char *tempdir(void);
