/* terminal: `pgsteer top`: finds the console that is meant, and shows what it says (top/top.h). */
#pragma once

#include "conf/conf.h"

/* argv[0] is "top". `load` reads a configuration file, or says what is wrong with it and returns NULL.
 * Returns the exit status. */
int terminal(int argc, char **argv, struct conf *(*load)(const char *file));
