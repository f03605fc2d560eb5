/* login: how pgsteer logs in at a node: startup packet, authentication, parameters, until ReadyForQuery
 * (manual, "Start-up"). Works message by message; the bytes come from and go through the server's stream.
 *
 * Methods: trust, cleartext password, md5, SCRAM-SHA-256 with a password or with the key of a client that has
 * logged in with the same verifier. */
#pragma once

#include "auth/scram.h"
#include "base/buf.h"
#include "base/refusal.h"
#include "pool/server_tls.h"
#include "wire/proto.h"

struct server;

enum login_stage {
        LOGIN_ASKED,         /* the startup packet is sent */
        LOGIN_SASL_FIRST,    /* so is the client-first-message */
        LOGIN_SASL_FINAL,    /* and the client-final-message */
        LOGIN_SASL_VERIFIED, /* the server has shown that it knows the secret */
        LOGIN_AUTHENTICATED, /* AuthenticationOk has come */
        LOGIN_CONNECT_QUERY, /* logged in; connect_query runs */
};

struct login {
        struct scram_client scram;
        struct scram_keys keys;
        struct server_tls tls;         /* until the startup packet is sent */
        struct derivation *derivation; /* the keys for `challenge` are on their way; else NULL */
        struct buf challenge;          /* the server-first-message meanwhile */
        enum login_stage stage;
};

enum login_result {
        LOGIN_MORE,
        LOGIN_DONE,     /* ReadyForQuery 'I' */
        LOGIN_REJECTED, /* the server said no, or we cannot answer what it asks: *r */
        LOGIN_SHUTDOWN, /* 57P0x: it is going away or not up yet: *r */
};

/* Sends the startup packet. STATUS_IO: the connection broke. */
MUST_USE enum status login_start(struct server *s);

/* One message from the server. What a helper has to compute first is sent later; server_reject says when that
 * fails. */
enum login_result login_step(struct server *s, const struct msg *m, struct refusal *r);

/* Wipes and frees server->login, if there is one. */
void login_end(struct server *s);
