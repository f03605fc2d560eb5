/* options: every setting is one row of conf/options.def; parser, SHOW CONFIG, --help-config, the manual and
 * the sample file come from that table. Here are its types; nothing in this file names an option. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum pool_mode { POOL_SESSION, POOL_TRANSACTION, POOL_STATEMENT };
enum auth_type {
        AUTH_ANY,
        AUTH_TRUST,
        AUTH_PLAIN,
        AUTH_MD5,
        AUTH_SCRAM,
        AUTH_CERT,
        AUTH_HBA,
        AUTH_LDAP,
        AUTH_PAM,
};
enum consistency { CONSISTENCY_EVENTUAL, CONSISTENCY_SESSION, CONSISTENCY_STRONG };

/* libpq's words for target_session_attrs; TARGET_AUTO (the default) routes by statement. */
enum target_attrs {
        TARGET_AUTO = 0, /* key absent */
        TARGET_ANY,
        TARGET_READ_WRITE,
        TARGET_READ_ONLY,
        TARGET_PRIMARY,
        TARGET_STANDBY,
        TARGET_PREFER_STANDBY,
};
