/* bench: a console between a socket pair, with one made-up worker that answers by letters as real ones do. */
#pragma once

#include "admin/console.h"
#include "admin/inner.h"

struct bench {
        struct crowd crowd; /* nobody is in it */
        struct loop loop;
        struct admin *admin;
        struct conf conf;
        struct conf_database databases[2];
        int fd; /* the client's end */
        uint8_t got[1 << 20];
        size_t n;
        char types[4096]; /* of the messages in got, in order */
        char orders[256]; /* "PAUSE app; ..." */
        int busy;         /* what PAUSE finds busy, one less each time it is asked */
        char set[128];    /* key=value of the last SET */
        bool reload_fails;
        int shutdowns;
};

struct bench *bench_new(bool allowed);
void bench_free(struct bench *b);

/* Another client, whose end takes the place of b->fd. */
void bench_connect_client(struct bench *b, bool allowed);

/* Lets the loop run until it has nothing more to do, and takes what came; bench_forget drops that. */
void bench_pump(struct bench *b);
void bench_forget(struct bench *b);
/* Waits a little more than one poll. */
void bench_wait_poll(struct bench *b);

void bench_send_bytes(struct bench *b, const void *bytes, size_t n);
void bench_send_query(struct bench *b, const char *sql);

/* The first message of that type in what came; its body as a string of `size`, '|' for NUL. */
bool bench_body_of(const struct bench *b, char type, char *out, size_t size);
bool bench_contains(const struct bench *b, char type, const char *text);
