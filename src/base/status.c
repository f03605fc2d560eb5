#include "base/status.h"

const char *status_name(enum status status)
{
        switch (status) {
        case STATUS_OK: return "ok";
        case STATUS_AGAIN: return "again";
        case STATUS_EOF: return "end of file";
        case STATUS_IO: return "input/output error";
        case STATUS_INVALID: return "invalid";
        case STATUS_LIMIT: return "limit reached";
        case STATUS_DENIED: return "denied";
        case STATUS_ABSENT: return "absent";
        }
        return "?";
}
