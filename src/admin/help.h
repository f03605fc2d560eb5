/* help: the text of SHOW HELP. */
#pragma once

/* What stands in the DETAIL of its notice. Static. */
const char *console_help(void);
