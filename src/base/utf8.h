/* utf8: texts that come from anywhere, for readers that refuse what is not UTF-8 (RFC 3629). Pure. */
#pragma once

/* `text` with each byte that is not part of valid UTF-8 replaced by '?', in place. */
void utf8_clean(char *text);
