#include "session/delay.h"

#include "base/ip.h"
#include "session/entry.h"
#include "session/guesses.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

/* An address, or an address and a user with a blank between. */
enum { WHO_SIZE = 200 };

static struct guesses_price price_of(const struct client *c)
{
        const struct options *opt = &c->room->conf->opt;
        struct guesses_price price = {opt->auth_delay_us, opt->auth_delay_max_us};

        if (price.most_us < price.base_us)
                price.most_us = price.base_us;
        return price;
}

/* Whoever has one address of such a network has them all. */
static const char *address_of(const struct client *c, char out[IP_TEXT_SIZE])
{
        struct ip ip = ip_unmapped(c->ip);

        if (ip.family == AF_INET6)
                memset(ip.bytes + 8, 0, 8);
        return ip_text(&ip, out);
}

static void pair_of(const struct client *c, char out[WHO_SIZE])
{
        char address[IP_TEXT_SIZE];

        snprintf(out, WHO_SIZE, "%s %s", address_of(c, address), c->entry->user);
}

static void wait_until(struct client *c, int64_t due)
{
        c->entry->due_us = due;
        client_move(c, CLIENT_DELAYED);
}

bool delay_hears(struct client *c)
{
        struct guesses_price price = price_of(c);
        char who[WHO_SIZE];
        int64_t turn;

        if (price.base_us == 0)
                return true;
        pair_of(c, who);
        turn = guesses_turn(c->room->crowd->guesses, who, &price);
        if (turn <= loop_now(c->room->loop))
                return true;
        wait_until(c, turn);
        return false;
}

void delay_deny(struct client *c, const struct refusal *r, const char *why)
{
        struct guesses *guesses = c->room->crowd->guesses;
        struct guesses_price price = price_of(c);
        int64_t now = loop_now(c->room->loop), due, of_address;
        char who[WHO_SIZE];

        if (price.base_us == 0) {
                client_close(c, r, why);
                return;
        }
        pair_of(c, who);
        due = guesses_failed(guesses, who, &price, now);
        if (client_via_tcp(c)) {
                of_address = guesses_failed(guesses, address_of(c, who), &price, now);
                due = of_address > due ? of_address : due;
        }
        c->entry->verdict = *r;
        c->entry->why = why;
        wait_until(c, due);
}

int64_t delay_due(const struct client *c)
{
        return c->entry->due_us;
}

void delay_end(struct client *c)
{
        if (c->entry->why != NULL) {
                client_close(c, &c->entry->verdict, c->entry->why);
                return;
        }
        client_move(c, CLIENT_AUTH);
        client_go_on(c);
}
