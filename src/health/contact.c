#include "health/contact.h"

#include "base/check.h"
#include "health/resolver.h"

#include <event2/event.h>
#include <stdio.h>
#include <string.h>

static void on_io(evutil_socket_t fd, short what, void *arg);

static void fail(struct contact *contact, int cause)
{
        contact_watch(contact, 0);
        contact->cause = cause;
        contact->on_event(contact, CONTACT_FAILED);
}

static void connect_now(struct contact *contact)
{
        contact->conn =
            libpq_start(&contact->target, contact->resolver, contact->application, contact->options);
        if (PQstatus(contact->conn) == CONNECTION_BAD)
                fail(contact, CONTACT_BY_LIBPQ);
        else
                contact_watch(contact, EV_WRITE); /* as if PQconnectPoll had said so */
}

/* The name server's silence says nothing of the node: the last known addresses will do. */
static void on_addresses(const char *why, void *arg)
{
        struct contact *contact = arg;

        contact->resolving = false;
        if (resolver_addresses(contact->resolver)[0] != '\0') {
                connect_now(contact);
                return;
        }
        snprintf(contact->why_nameless, sizeof(contact->why_nameless), "cannot resolve the name: %s", why);
        fail(contact, CONTACT_NAMELESS);
}

void contact_init(struct contact *contact, struct names *names, const struct probe_target *target)
{
        target_copy(&contact->target, target);
        if (libpq_is_name(target->host))
                contact->resolver = resolver_new(names, target->host, on_addresses, contact);
}

void contact_open(struct contact *contact)
{
        CHECK(contact->conn == NULL && !contact->resolving);
        if (contact->resolver == NULL) {
                connect_now(contact);
                return;
        }
        contact->resolving = true;
        resolver_start(contact->resolver);
}

bool contact_can_hurry(const struct contact *contact)
{
        return contact->resolving && resolver_addresses(contact->resolver)[0] != '\0';
}

void contact_hurry(struct contact *contact)
{
        resolver_cancel(contact->resolver);
        on_addresses("", contact);
}

/* libpq may have another socket after every step of connecting. */
void contact_watch(struct contact *contact, short what)
{
        lookout_stop(&contact->lookout);
        if (what != 0)
                lookout_start(&contact->lookout, contact->base, PQsocket(contact->conn), what, on_io,
                              contact);
}

static void log_in(struct contact *contact)
{
        PostgresPollingStatusType next;

        contact_watch(contact, 0); /* libpq may close the socket and go on with another */
        next = PQconnectPoll(contact->conn);
        if (PQstatus(contact->conn) != CONNECTION_STARTED && PQstatus(contact->conn) != CONNECTION_BAD)
                contact->connected = true;
        switch (next) {
        case PGRES_POLLING_READING: contact_watch(contact, EV_READ); return;
        case PGRES_POLLING_WRITING: contact_watch(contact, EV_WRITE); return;
        case PGRES_POLLING_OK:
                if (PQsetnonblocking(contact->conn, 1) != 0)
                        break;
                contact->ready = true;
                contact->on_event(contact, CONTACT_READY);
                return;
        case PGRES_POLLING_FAILED:
        case PGRES_POLLING_ACTIVE: break;
        }
        fail(contact, PQconnectionNeedsPassword(contact->conn) ? CONTACT_PASSWORDLESS : CONTACT_BY_LIBPQ);
}

static void on_io(evutil_socket_t fd, short what, void *arg)
{
        struct contact *contact = arg;

        (void)fd;
        (void)what;
        if (contact->ready)
                contact->on_event(contact, CONTACT_SOCKET);
        else
                log_in(contact);
}

const char *contact_why(const struct contact *contact)
{
        switch (contact->cause) {
        case CONTACT_NAMELESS: return contact->why_nameless;
        case CONTACT_PASSWORDLESS: return "the server wants a password: set health_check_password";
        case CONTACT_BY_LIBPQ: break;
        }
        return PQerrorMessage(contact->conn);
}

void contact_close(struct contact *contact)
{
        contact_watch(contact, 0); /* before libpq closes the descriptor */
        if (contact->resolver != NULL)
                resolver_cancel(contact->resolver);
        if (contact->conn != NULL)
                PQfinish(contact->conn);
        contact->conn = NULL;
        contact->resolving = contact->connected = contact->ready = false;
        contact->cause = CONTACT_BY_LIBPQ;
}

void contact_fini(struct contact *contact)
{
        contact_close(contact);
        resolver_free(contact->resolver);
        target_free(&contact->target);
}
