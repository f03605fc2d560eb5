#include "conf/tls_keys.h"

#include "conf/line.h"

#include <string.h>

/* Files are read again at RELOAD, when we may be somewhere else. */
static void check_path(const struct line *line, const char *key, const char *path)
{
        if (path != NULL && *path != '/')
                line_error(line, "%s: \"%s\" is not an absolute path", key, path);
}

void tls_keys_check(const struct line *line, const struct conf_tls *tls)
{
        if (tls->sslrootcert != NULL && strcmp(tls->sslrootcert, "system") != 0)
                check_path(line, "sslrootcert", tls->sslrootcert);
        else if (tls->sslrootcert != NULL && tls->sslmode >= 0 && tls->sslmode != SSLMODE_VERIFY_FULL)
                line_error(line, "sslrootcert=system needs sslmode=verify-full");
        check_path(line, "sslcert", tls->sslcert);
        check_path(line, "sslkey", tls->sslkey);
        check_path(line, "sslcrl", tls->sslcrl);
        if ((tls->sslcert == NULL) != (tls->sslkey == NULL))
                line_error(line, "sslcert= and sslkey= go together: write both");
        if (tls->sslnegotiation > 0 && tls->sslmode >= 0 && tls->sslmode < SSLMODE_REQUIRE)
                line_error(line, "sslnegotiation=direct needs sslmode=require, verify-ca or verify-full");
        if (tls->ssl_max_protocol_version >= 0 &&
            tls->ssl_max_protocol_version <
                (tls->ssl_min_protocol_version >= 0 ? tls->ssl_min_protocol_version : CONF_TLS_MIN))
                line_error(line, "ssl_max_protocol_version is less than ssl_min_protocol_version%s",
                           tls->ssl_min_protocol_version >= 0 ? ""
                                                              : ", which is TLSv1.2 unless it is written");
}
