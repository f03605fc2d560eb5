/* The text of a function, in whatever language: which names in it are calls, and which may be relations. What
 * is a string or a comment counts as well, since strings are often statements. */
#include "router/judge.h"
#include "router/scan_hot.h"
#include "router/things.h"

enum { SETTING_WITHIN = 128 };

struct body {
        struct things *things;
        uint32_t owner;
        struct sv left;
        struct sv before; /* the word or sign in front of the name */
};

static bool may_be_relation(struct sv before)
{
        return sv_is(before, ",") || sv_is(before, ".") || sv_ieq(before, SV("from")) ||
               sv_ieq(before, SV("join")) || sv_ieq(before, SV("only")) || sv_ieq(before, SV("table"));
}

static bool is_called(const struct body *body)
{
        size_t i = 0;

        while (i < body->left.n && scan_first_of(body->left.p[i]) == FIRST_SPACE)
                i++;
        return i < body->left.n && body->left.p[i] == '(';
}

/* current_setting('name'), whose "(" is next. */
static bool asks_node(struct sv left)
{
        const char *quote = memchr(left.p, '\'', left.n < SETTING_WITHIN ? left.n : SETTING_WITHIN), *end;

        if (quote == NULL)
                return false;
        left = sv_from(quote + 1, left.n - (size_t)(quote + 1 - left.p));
        end = memchr(left.p, '\'', left.n < SETTING_WITHIN ? left.n : SETTING_WITHIN);
        return end != NULL && known_node_setting(sv_from(left.p, (size_t)(end - left.p)));
}

/* What a built-in function means to a statement that calls it through another. What it does to the session is
 * not followed from there. */
static enum known called(const struct body *body, struct sv name)
{
        enum known known = known_function(SV("pg_catalog"), name);

        switch (known) {
        case KNOWN_LOCK:
        case KNOWN_UNLOCK_ALL: return KNOWN_EFFECT;
        case KNOWN_SET_CONFIG: return KNOWN_SESSION;
        case KNOWN_CURRENT_SETTING: return asks_node(body->left) ? KNOWN_NODE : KNOWN_READ;
        case KNOWN_NOT:
        case KNOWN_READ:
        case KNOWN_WRITE:
        case KNOWN_EFFECT:
        case KNOWN_NODE:
        case KNOWN_SESSION:
        case KNOWN_UNREADABLE: break;
        }
        return known;
}

static void use_all(const struct body *body, char class, struct sv name)
{
        for (uint32_t next = things_first(body->things, class, name); next != 0;) {
                const struct thing *thing = &body->things->list[next - 1];

                if (next - 1 != body->owner)
                        things_use(body->things, body->owner, next - 1);
                next = thing->namesake;
        }
}

/* `body->left` is behind the name. */
static void take_name(const struct body *body, struct sv name)
{
        if (name.n == 0)
                return;
        if (is_called(body)) {
                things_raise(body->things, body->owner, called(body, name));
                use_all(body, 'f', name);
        } else if (may_be_relation(body->before)) {
                things_raise(body->things, body->owner, known_relation(name));
                use_all(body, 'r', name);
        }
}

static struct sv cut(struct body *body, size_t n)
{
        struct sv piece = sv_from(body->left.p, n);

        body->left = sv_from(body->left.p + n, body->left.n - n);
        return piece;
}

static void take_word(struct body *body)
{
        char space[KNOWN_NAME_BYTES];
        size_t n = 0;
        struct sv word;

        while (n < body->left.n && (scan_is_word_start(body->left.p[n]) || scan_is_digit(body->left.p[n]) ||
                                    body->left.p[n] == '$'))
                n++;
        word = cut(body, n);
        take_name(body, known_fold(word, space));
        body->before = word;
}

/* What stands between quotes may be a name as it is. Its words are looked at as well: the quote may be a
 * string's, in a language that is not SQL. */
static void take_quoted(struct body *body)
{
        struct body behind = *body;
        const char *end;
        struct sv name;

        cut(&behind, 1);
        end = memchr(behind.left.p, '"', behind.left.n);
        if (end != NULL && end - behind.left.p < KNOWN_NAME_BYTES) {
                name = cut(&behind, (size_t)(end - behind.left.p));
                cut(&behind, 1);
                take_name(&behind, name);
        }
        cut(body, 1);
}

void judge_read_body(struct things *things, uint32_t owner, struct sv text)
{
        struct body body = {.things = things, .owner = owner, .left = text, .before = SV("")};

        while (body.left.n > 0) {
                enum scan_first first = scan_first_of(*body.left.p);

                if (first == FIRST_WORD)
                        take_word(&body);
                else if (first == FIRST_DOUBLE_QUOTE)
                        take_quoted(&body);
                else if (first == FIRST_SPACE)
                        cut(&body, 1);
                else
                        body.before = cut(&body, 1);
        }
}
