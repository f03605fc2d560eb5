/* page: the files of the dashboard, which are part of the program (src/http/page/). */
#pragma once

#include "http/answer.h"

/* What stands behind the slash: "" is the page itself. False: there is no such file. */
bool page_answer(struct answer *a, const char *name);
