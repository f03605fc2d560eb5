/* tls_keys: what a line of [databases] or [peers] may say of TLS (TLS_KEY in keys.def). Pure. */
#pragma once

#include "conf/conf.h"

struct line;

/* Of a line that says nothing. */
#define TLS_KEYS_UNSAID                                                                                      \
        {                                                                                                    \
                .sslmode = -1, .sslnegotiation = -1, .sslsni = -1, .ssl_min_protocol_version = -1,           \
                .ssl_max_protocol_version = -1                                                               \
        }

/* Says what is wrong whatever the options and the files say; those are looked at by tls_context_new. */
void tls_keys_check(const struct line *line, const struct conf_tls *tls);
