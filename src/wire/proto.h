/* proto: numbers and letters of PostgreSQL's frontend/backend protocol 3, and the framing of messages
 * (manual, "Message Formats"). Reads bytes; never a socket.
 *
 *     | type: 1 byte | length: 4 bytes, big endian, counts itself but not the type | body ... |
 */
#pragma once

#include "base/status.h"
#include "base/sv.h"

enum {
        PROTO_3_0 = 3 << 16,
        PROTO_3_2 = 3 << 16 | 2, /* long cancel keys; the newest that is spoken to clients */
        PROTO_CANCEL = 80877102,
        PROTO_SSL = 80877103,
        PROTO_GSSENC = 80877104,

        MSG_HEAD = 5,        /* bytes before the body */
        STARTUP_MIN = 8,     /* length and version */
        STARTUP_MAX = 10000, /* PostgreSQL's MAX_STARTUP_PACKET_LENGTH */
};

/* Messages of both directions; some letters mean different things from each side. */
enum frontend_msg {
        FE_BIND = 'B',
        FE_CLOSE = 'C',
        FE_COPY_DATA = 'd',
        FE_COPY_DONE = 'c',
        FE_COPY_FAIL = 'f',
        FE_DESCRIBE = 'D',
        FE_EXECUTE = 'E',
        FE_FLUSH = 'H',
        FE_FUNCTION = 'F',
        FE_PARSE = 'P',
        FE_PASSWORD = 'p', /* and SASLInitialResponse, SASLResponse */
        FE_QUERY = 'Q',
        FE_SYNC = 'S',
        FE_TERMINATE = 'X',
};

enum backend_msg {
        BE_AUTH = 'R',
        BE_KEY_DATA = 'K',
        BE_BIND_COMPLETE = '2',
        BE_CLOSE_COMPLETE = '3',
        BE_COMMAND_COMPLETE = 'C',
        BE_COPY_DATA = 'd',
        BE_COPY_DONE = 'c',
        BE_COPY_IN = 'G',
        BE_COPY_OUT = 'H',
        BE_COPY_BOTH = 'W',
        BE_DATA_ROW = 'D',
        BE_EMPTY_QUERY = 'I',
        BE_ERROR = 'E',
        BE_FUNCTION_RESULT = 'V',
        BE_NEGOTIATE = 'v',
        BE_NO_DATA = 'n',
        BE_NOTICE = 'N',
        BE_NOTIFICATION = 'A',
        BE_PARAM_DESCRIPTION = 't',
        BE_PARAM_STATUS = 'S',
        BE_PARSE_COMPLETE = '1',
        BE_PORTAL_SUSPENDED = 's',
        BE_READY = 'Z',
        BE_ROW_DESCRIPTION = 'T',
};

/* Authentication requests ('R'). */
enum auth_request {
        AUTH_REQ_OK = 0,
        AUTH_REQ_CLEARTEXT = 3,
        AUTH_REQ_MD5 = 5,
        AUTH_REQ_SASL = 10,
        AUTH_REQ_SASL_CONTINUE = 11,
        AUTH_REQ_SASL_FINAL = 12,
};

/* CopyData, CopyDone, CopyFail. */
static inline bool msg_is_copy(char type)
{
        return type == FE_COPY_DATA || type == FE_COPY_DONE || type == FE_COPY_FAIL;
}

/* What a client may say once it has logged in. */
static inline bool msg_is_request(char type)
{
        switch (type) {
        case FE_BIND:
        case FE_CLOSE:
        case FE_DESCRIBE:
        case FE_EXECUTE:
        case FE_FLUSH:
        case FE_FUNCTION:
        case FE_PARSE:
        case FE_QUERY:
        case FE_SYNC:
        case FE_TERMINATE: return true;
        default: return msg_is_copy(type);
        }
}

static inline uint32_t get_u32(const uint8_t *p)
{
        return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static inline uint16_t get_u16(const uint8_t *p)
{
        return (uint16_t)(p[0] << 8 | p[1]);
}

static inline void put_u32(uint8_t *p, uint32_t v)
{
        p[0] = (uint8_t)(v >> 24);
        p[1] = (uint8_t)(v >> 16);
        p[2] = (uint8_t)(v >> 8);
        p[3] = (uint8_t)v;
}

struct msg {
        char type;
        const uint8_t *head; /* first byte of the message */
        size_t size;         /* of the whole message, head included */
        const uint8_t *body;
        size_t body_size; /* as announced */
        size_t have;      /* bytes of the whole message that are here; < size when incomplete */
};

/* Looks at the message at `p`. STATUS_AGAIN: fewer than MSG_HEAD bytes; STATUS_INVALID: the length is
 * below 4. STATUS_OK also when the message is incomplete: compare have and size. */
static inline enum status msg_peek(const uint8_t *p, size_t n, struct msg *out)
{
        uint32_t length;

        if (n < MSG_HEAD)
                return STATUS_AGAIN;
        length = get_u32(p + 1);
        if (length < 4 || length > INT32_MAX)
                return STATUS_INVALID;
        out->type = (char)p[0];
        out->head = p;
        out->size = (size_t)length + 1;
        out->body = p + MSG_HEAD;
        out->body_size = (size_t)length - 4;
        out->have = n < out->size ? n : out->size;
        return STATUS_OK;
}

/* A cursor over a body: each take returns false (and the cursor fails for good) when the body is too short.
 */
struct reader {
        const uint8_t *p;
        size_t n;
        bool failed;
};

static inline struct reader reader_of(const struct msg *m)
{
        return (struct reader){m->body, m->have - MSG_HEAD, false};
}

/* A NUL-terminated string; the view excludes the NUL. */
static inline struct sv take_cstr(struct reader *r)
{
        const uint8_t *end;
        struct sv v = {"", 0};

        if (r->n > 0 && *r->p == 0) { /* of what is unnamed, as most are */
                v.p = (const char *)r->p++;
                r->n--;
                return v;
        }
        end = r->n > 0 ? memchr(r->p, 0, r->n) : NULL;
        if (end == NULL) {
                r->failed = true;
                r->n = 0;
                return v;
        }
        v = sv_from(r->p, (size_t)(end - r->p));
        r->n -= v.n + 1;
        r->p = end + 1;
        return v;
}

static inline uint32_t take_u32(struct reader *r)
{
        uint32_t v;

        if (r->n < 4) {
                r->failed = true;
                r->n = 0;
                return 0;
        }
        v = get_u32(r->p);
        r->p += 4;
        r->n -= 4;
        return v;
}

static inline uint16_t take_u16(struct reader *r)
{
        uint16_t v;

        if (r->n < 2) {
                r->failed = true;
                r->n = 0;
                return 0;
        }
        v = get_u16(r->p);
        r->p += 2;
        r->n -= 2;
        return v;
}

/* `n` bytes as they are; NULL when there are fewer. */
static inline const uint8_t *take_bytes(struct reader *r, size_t n)
{
        const uint8_t *p = r->p;

        if (r->failed || r->n < n) {
                r->failed = true;
                return NULL;
        }
        r->p += n;
        r->n -= n;
        return p;
}

static inline uint8_t take_u8(struct reader *r)
{
        if (r->n < 1) {
                r->failed = true;
                return 0;
        }
        r->n--;
        return *r->p++;
}

/* The next column of a DataRow, whose count has been taken. False: it is NULL, or not there; *out is empty.
 */
static inline bool take_column(struct reader *r, struct sv *out)
{
        uint32_t size = take_u32(r);
        const uint8_t *bytes = size == UINT32_MAX ? NULL : take_bytes(r, size);

        *out = bytes != NULL ? sv_from(bytes, size) : SV("");
        return bytes != NULL;
}
