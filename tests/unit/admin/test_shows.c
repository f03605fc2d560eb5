#include "admin/shows.h"

#include "admin/latencies.h"
#include "admin/scene.h"
#include "base/check.h"
#include "base/memory.h"
#include "unit.h"

#include <stdlib.h>
#include <string.h>

/* A census of two workers: "app" is a cluster of two nodes, "auto" came from the * line, "forced" has a user
 * of its own in the configuration. */
static struct census_pool pools[2][3] = {
    {{.database = "app",
      .user = "ann",
      .node = "n1:1",
      .sv_active = 2,
      .sv_idle = 1,
      .cl_active = 2,
      .limit = 20},
     {.database = "app", .user = "ann", .node = "n2:2", .sv_idle = 4, .cl_waiting = 1, .limit = 20},
     {.database = "auto", .user = "bob", .node = "n1:1", .sv_login = 1, .limit = 20}},
    {{.database = "app", .user = "ann", .node = "n1:1", .sv_active = 1, .cl_active = 1, .limit = 20},
     {.database = "forced", .user = "boss", .node = "n1:1", .sv_idle = 1, .limit = 5},
     {.database = "app", .user = "zoe", .node = "n1:1", .sv_tested = 1, .limit = 20}}};
static struct census_endpoint endpoints[2][2] = {
    {{.database = "app", .user = "ann", .clients = 5, .cl_active = 4, .cl_waiting = 1, .maxwait_us = 1500000},
     {.database = "auto", .user = "bob", .clients = 1, .cl_active = 1}},
    {{.database = "app", .user = "ann", .clients = 2, .cl_active = 2, .maxwait_us = 2500000},
     {.database = "forced", .user = "clerk", .clients = 3, .cl_active = 3}}};
static struct census_socket clients[1] = {{.user = "ann",
                                           .database = "app",
                                           .state = "active",
                                           .node = "n1:1",
                                           .addr = "127.0.0.1",
                                           .local_addr = "127.0.0.1",
                                           .application_name = "caf\xe9",
                                           .tls = "TLSv1.3/X",
                                           .replication = "logical",
                                           .pin = "LISTEN",
                                           .ptr = 0xabc,
                                           .wait_us = 2000003,
                                           .id = 9}};
static struct conf_database lines[] = {
    {.name = "*",
     .pool_mode = -1,
     .pool_size = -1,
     .max_db_connections = -1,
     .max_db_client_connections = -1},
    {.name = "forced", .user = "boss", .pool_mode = POOL_SESSION, .pool_size = 5, .max_db_connections = 6}};
static struct conf_database list_line[] = {{.name = "app",
                                            .dbname = "appdb",
                                            .hosts = {{"h1", 1}, {"h2", 2}},
                                            .host_count = 2,
                                            .pool_mode = -1,
                                            .pool_size = -1,
                                            .max_db_connections = 7,
                                            .load_balance_hosts = 1}};
static struct conf_user users[] = {{.name = "ann",
                                    .pool_size = -1,
                                    .reserve_pool_size = -1,
                                    .pool_mode = POOL_SESSION,
                                    .max_user_connections = 3,
                                    .max_user_client_connections = -1,
                                    .listed = true},
                                   {.name = "zed", .admin = true},
                                   {.name = "zoe",
                                    .pool_size = 12,
                                    .reserve_pool_size = -1,
                                    .pool_mode = -1,
                                    .max_user_connections = -1,
                                    .max_user_client_connections = -1,
                                    .listed = true}};

struct stage {
        struct census *census;
        struct conf conf;
        struct paused paused;
        struct averages averages;
        struct latency_history latency;
        struct counters own;
        struct census_socket console;
        struct scene scene;
};

static void stage_init(struct stage *s)
{
        memset(s, 0, sizeof(*s));
        s->census = xcalloc(1, sizeof(*s->census) + 2 * sizeof(s->census->worker[0]));
        s->census->workers = 2;
        for (int w = 0; w < 2; w++) {
                s->census->worker[w].pools = pools[w];
                s->census->worker[w].pool_count = 3;
                s->census->worker[w].endpoints = endpoints[w];
                s->census->worker[w].endpoint_count = 2;
                s->census->worker[w].logins = 2;
        }
        s->census->worker[0].clients = clients;
        s->census->worker[0].client_count = 1;
        s->census->worker[1].servers = clients;
        s->census->worker[1].server_count = 1;
        s->conf.databases = lines;
        s->conf.database_count = 2;
        s->conf.users = users;
        s->conf.user_count = 3;
        s->conf.opt.default_pool_size = 20;
        s->conf.opt.auth_user = "";
        s->conf.opt.listen_port = 6432;
        s->console = (struct census_socket){.user = "root",
                                            .database = "pgbouncer",
                                            .state = "idle",
                                            .addr = "unix",
                                            .local_addr = "",
                                            .application_name = "",
                                            .replication = "none",
                                            .node = "",
                                            .pin = ""};
        s->scene = (struct scene){.conf = &s->conf,
                                  .census = s->census,
                                  .averages = &s->averages,
                                  .latency = &s->latency,
                                  .paused = &s->paused,
                                  .own = &s->own,
                                  .consoles = &s->console,
                                  .console_count = 1,
                                  .now_us = 1};
}

static void stage_fini(struct stage *s)
{
        paused_fini(&s->paused);
        latency_history_fini(&s->latency);
        free(s->census);
}

/* So many servers and clients are there. */
static void count_in(enum budget_kind kind, const char *name, int sv, int cl)
{
        struct budget *b = budget_for(kind, name);

        budget_lock();
        budget_count(b, sv);
        budget_unlock();
        while (cl-- > 0)
                UNIT_ASSERT(budget_enter(b, 0));
}

/* And out again. */
static void count_out(enum budget_kind kind, const char *name)
{
        struct budget_numbers n = budget_numbers(kind, name);

        count_in(kind, name, -n.servers, 0);
        while (n.clients-- > 0)
                budgets_leave((struct budget *[BUDGET_KINDS]){budget_for(kind, name)});
        UNIT_ASSERT(budget_numbers(kind, name).servers == 0 && budget_numbers(kind, name).clients == 0);
}

static void show(struct stage *s, const char *name, struct table *t)
{
        const struct show *what = show_find(sv_cstr(name));

        CHECK(what != NULL);
        table_init(t, what->columns, what->column_count);
        what->fill(t, &s->scene);
        UNIT_ASSERT(t->used % (size_t)t->column_count == 0);
}

static int column(const struct table *t, const char *name)
{
        int i = 0;

        while (i < t->column_count && strcmp(t->columns[i].name, name) != 0)
                i++;
        CHECK(i < t->column_count);
        return i;
}

static int64_t number(const struct table *t, size_t row, const char *name)
{
        return table_cell(t, row, column(t, name))->number;
}

static bool text_is(const struct table *t, size_t row, const char *name, const char *text)
{
        const struct cell *cell = table_cell(t, row, column(t, name));

        return text == NULL ? cell->null : !cell->null && strcmp(cell->text, text) == 0;
}

static void names_are_found_in_any_case(void)
{
        UNIT_ASSERT(show_find(SV("pools")) != NULL && show_find(SV("pools")) == show_find(SV("PoolS")));
        UNIT_ASSERT(show_find(SV("pool")) == NULL && show_find(SV("")) == NULL);
        UNIT_ASSERT(show_find(SV("fds")) == &show_fds);
        for (size_t i = 0; show_at(i) != NULL; i++) {
                unit_row("%s", show_at(i)->name);
                UNIT_ASSERT(show_find(sv_cstr(show_at(i)->name)) == show_at(i));
                UNIT_ASSERT(show_at(i)->column_count <= TABLE_COLUMNS_MAX);
        }
}

static void memory_is_that_of_all_workers(void)
{
        static const struct {
                const char *name;
                int64_t numbers[4]; /* size, used, free, memtotal */
        } rows[] = {
            {"user_cache", {sizeof(struct conf_user), 3, 0, 3 * sizeof(struct conf_user)}},
            {"client_cache", {100, 5, 4, 900}},
            {"statement_cache", {25, 4, 0, 100}}, /* the mean */
            {"server_cache", {70, 0, 0, 0}},
            {"var_list_cache", {0, 0, 0, 0}},
        };
        struct stage s;
        struct table t;

        stage_init(&s);
        for (size_t w = 0; w < 2; w++) {
                struct census_cache *c = s.census->worker[w].caches;

                c[0] = (struct census_cache){"client_cache", 100, 2 + w, 3 - 2 * w, 500 - 100 * w};
                c[1] = (struct census_cache){"statement_cache", 0, 2, 0, 10 + 80 * w};
                c[2] = (struct census_cache){.name = "server_cache", .size = 70};
                c[3] = (struct census_cache){.name = "var_list_cache"};
        }
        show(&s, "mem", &t);
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                size_t at = 0;

                unit_row("%s", rows[i].name);
                while (at < table_rows(&t) && strcmp(table_cell(&t, at, 0)->text, rows[i].name) != 0)
                        at++;
                UNIT_ASSERT(at < table_rows(&t));
                for (int k = 0; k < 4 && at < table_rows(&t); k++)
                        UNIT_ASSERT(table_cell(&t, at, k + 1)->number == rows[i].numbers[k]);
        }
        table_fini(&t);
        stage_fini(&s);
}

/* Programs read these by position: the letters are the types in PgBouncer's source. */
static void columns_are_pgbouncers(void)
{
        static const struct {
                const char *name, *types, *first, *last;
        } rows[] = {
            {"stats", "tnnnnnnnnnnnnnnnnnnnnnn", "database", "avg_bind_count"},
            {"stats_totals", "tnnnnnnnnnnn", "database", "bind_count"},
            {"stats_averages", "tnnnnnnnnnnn", "database", "avg_bind_count"},
            {"totals", "tn", "name", "value"},
            {"pools", "ttiiiiiiiiiiiiitt", "database", "load_balance_hosts"},
            {"clients", "ttttttitittiiittittii", "type", "id"},
            {"databases", "ttittiiiittiiiiii", "name", "disabled"},
            {"users", "ttttiiii", "name", "current_client_connections"},
            {"peers", "itii", "peer_id", "pool_size"},
            {"peer_pools", "iiiii", "peer_id", "sv_login"},
            {"lists", "ti", "list", "items"},
            {"config", "tttt", "key", "changeable"},
            {"dns_hosts", "tbt", "hostname", "addrs"},
            {"dns_zones", "tbi", "zonename", "count"},
            {"fds", "ittttibitttttyy", "fd", "scram_server_key"},
            {"mem", "tiiii", "name", "memtotal"},
            {"state", "tt", "key", "value"},
            {"version", "t", "version", "version"},
        };
        static const char letters[] = {[CELL_TEXT] = 't', [CELL_BOOL] = '?',    [CELL_INT4] = 'i',
                                       [CELL_INT8] = 'b', [CELL_NUMERIC] = 'n', [CELL_BYTEA] = 'y'};

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                const struct show *what = show_find(sv_cstr(rows[i].name));
                char types[TABLE_COLUMNS_MAX + 1] = "";

                unit_row("%s", rows[i].name);
                UNIT_ASSERT(what != NULL);
                if (what == NULL)
                        continue;
                for (int c = 0; c < what->column_count; c++)
                        types[c] = letters[what->columns[c].type];
                UNIT_ASSERT(strcmp(types, rows[i].types) == 0);
                UNIT_ASSERT(strcmp(what->columns[0].name, rows[i].first) == 0);
                UNIT_ASSERT(strcmp(what->columns[what->column_count - 1].name, rows[i].last) == 0);
        }
}

static void pools_have_one_row_for_database_and_user(void)
{
        static const struct {
                const char *database, *user;
                int cl_active, cl_waiting, sv_active, sv_idle, sv_tested, sv_login, maxwait, maxwait_us;
        } rows[] = {
            {"app", "ann", 6, 1, 3, 5, 0, 0, 2, 500000},
            {"app", "zoe", 0, 0, 0, 0, 1, 0, 0, 0},
            {"auto", "bob", 1, 0, 0, 0, 0, 1, 0, 0},
            {"forced", "boss", 3, 0, 0, 1, 0, 0, 0, 0},
            {"pgbouncer", "pgbouncer", 1, 0, 0, 0, 0, 0, 0, 0},
        };
        struct stage s;
        struct table t;

        stage_init(&s);
        show(&s, "pools", &t);
        UNIT_ASSERT(table_rows(&t) == sizeof(rows) / sizeof(rows[0]));
        for (size_t i = 0; i < table_rows(&t); i++) {
                unit_row("%s/%s", rows[i].database, rows[i].user);
                UNIT_ASSERT(text_is(&t, i, "database", rows[i].database) &&
                            text_is(&t, i, "user", rows[i].user));
                UNIT_ASSERT(number(&t, i, "cl_active") == rows[i].cl_active);
                UNIT_ASSERT(number(&t, i, "cl_waiting") == rows[i].cl_waiting);
                UNIT_ASSERT(number(&t, i, "sv_active") == rows[i].sv_active);
                UNIT_ASSERT(number(&t, i, "sv_idle") == rows[i].sv_idle);
                UNIT_ASSERT(number(&t, i, "sv_tested") == rows[i].sv_tested);
                UNIT_ASSERT(number(&t, i, "sv_login") == rows[i].sv_login);
                UNIT_ASSERT(number(&t, i, "maxwait") == rows[i].maxwait);
                UNIT_ASSERT(number(&t, i, "maxwait_us") == rows[i].maxwait_us);
        }
        table_fini(&t);
        stage_fini(&s);
}

static void extended_pools_have_one_row_for_each_node(void)
{
        struct stage s;
        struct table t;

        stage_init(&s);
        show(&s, "extended_pools", &t);
        UNIT_ASSERT(table_rows(&t) == 5);
        UNIT_ASSERT(text_is(&t, 0, "node", "n1:1") && text_is(&t, 1, "node", "n2:2"));
        UNIT_ASSERT(number(&t, 0, "sv_active") == 3 && number(&t, 0, "cl_active") == 3);
        UNIT_ASSERT(number(&t, 1, "sv_idle") == 4 && number(&t, 1, "cl_waiting") == 1);
        UNIT_ASSERT(number(&t, 0, "pool_size") == 20);
        table_fini(&t);
        stage_fini(&s);
}

static void databases_are_lines_and_those_in_use(void)
{
        struct stage s;
        struct table t;

        stage_init(&s);
        s.conf.opt.max_db_connections = 30;
        s.conf.opt.max_db_client_connections = 40;
        count_in(BUDGET_DATABASE, "app", 9, 7);
        count_in(BUDGET_DATABASE, "pgbouncer", 0, 3);
        nameset_add(&s.paused.names, "auto");
        show(&s, "databases", &t);
        count_out(BUDGET_DATABASE, "app");
        count_out(BUDGET_DATABASE, "pgbouncer");
        UNIT_ASSERT(table_rows(&t) == 4);
        UNIT_ASSERT(text_is(&t, 0, "name", "app") && text_is(&t, 1, "name", "auto"));
        UNIT_ASSERT(text_is(&t, 2, "name", "forced") && text_is(&t, 3, "name", "pgbouncer"));
        UNIT_ASSERT(number(&t, 0, "current_connections") == 9 &&
                    number(&t, 0, "current_client_connections") == 7);
        UNIT_ASSERT(number(&t, 0, "paused") == 0 && number(&t, 1, "paused") == 1);
        UNIT_ASSERT(text_is(&t, 1, "database", "auto") && text_is(&t, 1, "force_user", NULL));
        UNIT_ASSERT(text_is(&t, 2, "force_user", "boss") && text_is(&t, 2, "pool_mode", "session"));
        UNIT_ASSERT(number(&t, 2, "pool_size") == 5 && number(&t, 1, "pool_size") == 20);
        UNIT_ASSERT(number(&t, 0, "max_connections") == 30 && number(&t, 0, "max_client_connections") == 40);
        UNIT_ASSERT(number(&t, 2, "max_connections") == 6 && number(&t, 2, "max_client_connections") == 40);
        UNIT_ASSERT(text_is(&t, 3, "host", NULL) && number(&t, 3, "port") == 6432);
        UNIT_ASSERT(number(&t, 3, "current_client_connections") == 3);
        table_fini(&t);

        unit_row("a list of equal hosts");
        s.conf.databases = list_line;
        s.conf.database_count = 1;
        show(&s, "databases", &t);
        UNIT_ASSERT(text_is(&t, 0, "host", "h1,h2") && number(&t, 0, "port") == 1);
        UNIT_ASSERT(text_is(&t, 0, "database", "appdb") &&
                    text_is(&t, 0, "load_balance_hosts", "round-robin"));
        UNIT_ASSERT(number(&t, 0, "max_connections") == 7);
        table_fini(&t);
        stage_fini(&s);
}

static void users_are_counted(void)
{
        struct stage s;
        struct table t;

        stage_init(&s);
        s.conf.opt.max_user_connections = 50;
        s.conf.opt.max_user_client_connections = 60;
        count_in(BUDGET_USER, "ann", 8, 7);
        count_in(BUDGET_USER, "zoe", 1, 0);
        show(&s, "users", &t);
        count_out(BUDGET_USER, "ann");
        count_out(BUDGET_USER, "zoe");
        /* Forced users and the console's are users, too; who is only named in admin_users is none. */
        UNIT_ASSERT(table_rows(&t) == 4 && text_is(&t, 0, "name", "ann") && text_is(&t, 1, "name", "boss"));
        UNIT_ASSERT(text_is(&t, 2, "name", "pgbouncer") && text_is(&t, 3, "name", "zoe"));
        UNIT_ASSERT(text_is(&t, 0, "pool_mode", "session") && text_is(&t, 1, "pool_mode", NULL));
        UNIT_ASSERT(text_is(&t, 0, "pool_size", "") && text_is(&t, 3, "pool_size", "       12"));
        UNIT_ASSERT(number(&t, 0, "max_user_connections") == 3 && number(&t, 0, "current_connections") == 8);
        UNIT_ASSERT(number(&t, 1, "max_user_connections") == 50);
        UNIT_ASSERT(number(&t, 0, "current_client_connections") == 7);
        UNIT_ASSERT(number(&t, 0, "max_user_client_connections") == 60);
        UNIT_ASSERT(number(&t, 3, "current_connections") == 1 && text_is(&t, 3, "pool_mode", NULL));
        table_fini(&t);
        stage_fini(&s);
}

static void lists_count(void)
{
        static const struct {
                const char *name;
                int items;
        } rows[] = {{"databases", 4},    {"users", 4},         {"peers", 0},         {"pools", 5},
                    {"peer_pools", 0},   {"free_clients", 0},  {"used_clients", 16}, {"login_clients", 4},
                    {"free_servers", 0}, {"used_servers", 11}, {"dns_names", 0},     {"dns_zones", 0},
                    {"dns_queries", 0},  {"dns_pending", 0}};
        struct stage s;
        struct table t;

        stage_init(&s);
        show(&s, "lists", &t);
        UNIT_ASSERT(table_rows(&t) == sizeof(rows) / sizeof(rows[0]));
        for (size_t i = 0; i < table_rows(&t); i++) {
                unit_row("%s", rows[i].name);
                UNIT_ASSERT(text_is(&t, i, "list", rows[i].name) && number(&t, i, "items") == rows[i].items);
        }
        table_fini(&t);
        stage_fini(&s);
}

static void sockets_are_shown_whole(void)
{
        struct stage s;
        struct census_socket login = clients[0];
        struct table t;

        stage_init(&s);
        show(&s, "clients", &t);
        UNIT_ASSERT(table_rows(&t) == 2); /* and the console */
        UNIT_ASSERT(text_is(&t, 0, "type", "C") && text_is(&t, 0, "state", "active"));
        UNIT_ASSERT(text_is(&t, 0, "application_name", "caf?"));
        UNIT_ASSERT(number(&t, 0, "wait") == 2 && number(&t, 0, "wait_us") == 3);
        UNIT_ASSERT(text_is(&t, 0, "ptr", "0xabc") && text_is(&t, 0, "link", ""));
        UNIT_ASSERT(text_is(&t, 1, "database", "pgbouncer") && text_is(&t, 1, "state", "idle"));
        table_fini(&t);
        show(&s, "sockets", &t);
        UNIT_ASSERT(table_rows(&t) == 3 && text_is(&t, 0, "state", "cl_active") &&
                    text_is(&t, 1, "type", "S"));
        table_fini(&t);
        unit_row("states that SHOW SOCKETS calls otherwise, and bytes in buffers");
        login.state = "login";
        login.half_read = 7;
        login.unsent = 9;
        s.census->worker[0].clients = &login;
        show(&s, "active_sockets", &t);
        UNIT_ASSERT(table_rows(&t) == 1 && text_is(&t, 0, "state", "cl_login"));
        UNIT_ASSERT(number(&t, 0, "pkt_remain") == 7 && number(&t, 0, "send_avail") == 9);
        table_fini(&t);
        show(&s, "clients", &t);
        UNIT_ASSERT(table_rows(&t) == 1); /* who logs in is no client yet */
        table_fini(&t);
        s.census->worker[0].clients = clients;
        show(&s, "sessions", &t);
        UNIT_ASSERT(table_rows(&t) == 1 && text_is(&t, 0, "pin", "LISTEN") && text_is(&t, 0, "node", "n1:1"));
        table_fini(&t);
        stage_fini(&s);
}

static void routes_show_what_happened(void)
{
        struct stage s;
        struct table t;
        struct census_stats stats = {.database = "app"};

        stage_init(&s);
        stats.n.routes[0][REASON_DML] = 3;
        stats.n.routes[1][REASON_READ] = UINT64_C(9000000000);
        s.census->worker[1].stats = &stats;
        s.census->worker[1].stats_count = 1;
        show(&s, "routes", &t);
        UNIT_ASSERT(table_rows(&t) == 2);
        UNIT_ASSERT(text_is(&t, 0, "target", "primary") && text_is(&t, 0, "reason", "dml"));
        UNIT_ASSERT(text_is(&t, 1, "target", "standby") && text_is(&t, 1, "reason", "read"));
        UNIT_ASSERT(table_cell(&t, 1, 3)->counter == UINT64_C(9000000000));
        table_fini(&t);
        stage_fini(&s);
}

/* A row of SHOW LATENCY; a row that is not there counts as -1. */
static int64_t delay(const struct table *t, const char *level, const char *name, const char *what,
                     const char *of)
{
        for (size_t i = 0; i < table_rows(t); i++) {
                const struct cell *cell = table_cell(t, i, column(t, of));

                if (text_is(t, i, "level", level) && text_is(t, i, "what", what) &&
                    (text_is(t, i, "database", name) || text_is(t, i, "node", name)))
                        return cell->number + (int64_t)cell->counter; /* one of them is 0 */
        }
        return -1;
}

static void latency_of_pools_adds_up(void)
{
        struct arena arena = {0};
        struct histogram h[3] = {0};
        struct latencies before;
        struct census_latency rows[2][2] = {{{.database = "app", .user = "ann", .node = "n1:1"},
                                             {.database = "app", .user = "ann", .node = "n2:2"}},
                                            {{.database = "app", .user = "ann", .node = "n1:1"},
                                             {.database = "zoo", .user = "zoe", .node = "n1:1"}}};
        struct stage s;
        struct table t;

        stage_init(&s);
        for (int i = 0; i < 3; i++)
                for (int n = 0; n < 100; n++)
                        histogram_add(&h[i], i == 2 ? 1000000 : i == 1 ? 2000 : 1000);
        rows[0][0].of[LATENCY_QUERY] = histogram_extract(&h[0], &arena);
        rows[1][0].of[LATENCY_QUERY] = histogram_extract(&h[1], &arena);
        rows[0][1].of[LATENCY_QUERY] = rows[1][1].of[LATENCY_QUERY] = histogram_extract(&h[2], &arena);
        for (int w = 0; w < 2; w++) {
                s.census->worker[w].latency = rows[w];
                s.census->worker[w].latency_count = 2;
        }
        show(&s, "latency", &t);
        UNIT_ASSERT(table_rows(&t) == LATENCY_KINDS * (2 + 2 + 3));
        UNIT_ASSERT(delay(&t, "database", "app", "query", "count") == 300);
        UNIT_ASSERT(delay(&t, "database", "app", "query", "max_us") == 1000000);
        UNIT_ASSERT(delay(&t, "database", "app", "query", "p50_us") / 256 == 2047 / 256);
        UNIT_ASSERT(delay(&t, "database", "app", "wait", "count") == 0);
        UNIT_ASSERT(delay(&t, "node", "n1:1", "query", "count") == 300);
        UNIT_ASSERT(delay(&t, "node", "n2:2", "query", "p50_us") == 1000000);
        UNIT_ASSERT(delay(&t, "pool", "app", "query", "count") == 200);
        UNIT_ASSERT(delay(&t, "pool", "app", "query", "max_us") == 2000);
        UNIT_ASSERT(delay(&t, "pool", "app", "query", "recent_count") == 200);
        table_fini(&t);

        unit_row("what came since a snapshot");
        latencies_make(&before, s.census);
        latency_history_shift(&s.latency, &before);
        latencies_make(&before, s.census);
        latency_history_shift(&s.latency, &before);
        histogram_add(&h[2], 50);
        rows[1][1].of[LATENCY_QUERY] = histogram_extract(&h[2], &arena);
        show(&s, "latency", &t);
        UNIT_ASSERT(delay(&t, "database", "zoo", "query", "count") == 101);
        UNIT_ASSERT(delay(&t, "database", "zoo", "query", "recent_count") == 1);
        UNIT_ASSERT(delay(&t, "database", "zoo", "query", "recent_p99_us") == 51);
        UNIT_ASSERT(delay(&t, "node", "n1:1", "query", "recent_count") == 1);
        UNIT_ASSERT(delay(&t, "database", "app", "query", "recent_count") == 0);
        table_fini(&t);
        arena_release(&arena);
        stage_fini(&s);
}

static void alerts_follow_thresholds(void)
{
        static const struct {
                const char *name;
                int waiting, active, xact_s;
                int64_t maxwait_us;
                const char *severity, *rule; /* NULL: all is well */
        } rows[] = {
            {"calm", 5, 16, 2, 5000000, NULL, NULL},
            {"some wait", 6, 0, 0, 0, "warning", "clients waiting"},
            {"many wait", 21, 0, 0, 0, "critical", "clients waiting"},
            {"a long wait", 0, 0, 0, 5100000, "warning", "longest wait"},
            {"a very long wait", 0, 0, 0, 10100000, "critical", "longest wait"},
            {"a busy pool", 0, 17, 0, 0, "warning", "pool use"},
            {"a full pool", 0, 20, 0, 0, "critical", "pool use"},
            {"slow transactions", 0, 0, 3, 0, "warning", "transaction time"},
            {"very slow transactions", 0, 0, 6, 0, "critical", "transaction time"},
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct census_pool pool = {.database = "app", .user = "ann", .node = "n1:1", .limit = 20};
                struct census_endpoint endpoint = {.database = "app", .user = "ann"};
                struct census_stats stats = {.database = "app"};
                struct stage s;
                struct table t;

                stage_init(&s);
                pool.sv_active = rows[i].active;
                endpoint.cl_waiting = rows[i].waiting;
                endpoint.maxwait_us = rows[i].maxwait_us;
                stats.n.xact_count = 10;
                stats.n.xact_time = (uint64_t)rows[i].xact_s * 10000000;
                s.census->workers = 1;
                s.census->worker[0].pools = &pool;
                s.census->worker[0].endpoints = &endpoint;
                s.census->worker[0].stats = &stats;
                s.census->worker[0].pool_count = s.census->worker[0].endpoint_count = 1;
                s.census->worker[0].stats_count = 1;
                show(&s, "alerts", &t);
                unit_row("%s", rows[i].name);
                UNIT_ASSERT(table_rows(&t) == (rows[i].rule != NULL));
                if (table_rows(&t) == 1)
                        UNIT_ASSERT(text_is(&t, 0, "severity", rows[i].severity) &&
                                    text_is(&t, 0, "rule", rows[i].rule) &&
                                    text_is(&t, 0, "database", "app"));
                table_fini(&t);
                stage_fini(&s);
        }
}

static void alerts_say_that_nobody_is_served(void)
{
        struct stage s;
        struct table t;

        stage_init(&s);
        s.census->workers = 0;
        s.paused.suspended = true;
        show(&s, "alerts", &t);
        UNIT_ASSERT(table_rows(&t) == 1 && text_is(&t, 0, "rule", "suspended"));
        UNIT_ASSERT(text_is(&t, 0, "severity", "warning") && text_is(&t, 0, "database", NULL));
        table_fini(&t);
        stage_fini(&s);
}

/* Each worker asks for itself: a name is one row, that of the youngest answer, and counts once in its zone.
 */
static void names_are_shown_once(void)
{
        static struct census_name first[] = {{"db.b", "192.0.2.1:0", 4000000, "b", 4000000000U},
                                             {"none", "", 0, "", 0}};
        static struct census_name second[] = {{"a.b", "[2001:db8::1]:0", 999999, "b", 5},
                                              {"db.b", "192.0.2.2:0", 9999999, "b", 5},
                                              {"db.a", "", 0, "a", 0}};
        static const struct {
                const char *hostname, *addrs;
                int ttl;
        } rows[] = {
            {"a.b", "[2001:db8::1]:0", 0}, {"db.a", "", 0}, {"db.b", "192.0.2.2:0", 9}, {"none", "", 0}};
        struct stage s;
        struct table t;

        stage_init(&s);
        s.census->worker[0].names = first;
        s.census->worker[1].names = second;
        s.census->worker[0].name_count = 2;
        s.census->worker[1].name_count = 3;
        s.census->worker[0].lookups = 3;
        s.census->worker[1].lookups = 4;
        show(&s, "dns_hosts", &t);
        UNIT_ASSERT(table_rows(&t) == sizeof(rows) / sizeof(rows[0]));
        for (size_t i = 0; i < table_rows(&t); i++) {
                unit_row("%s", rows[i].hostname);
                UNIT_ASSERT(text_is(&t, i, "hostname", rows[i].hostname));
                UNIT_ASSERT(text_is(&t, i, "addrs", rows[i].addrs) && number(&t, i, "ttl") == rows[i].ttl);
        }
        table_fini(&t);
        show(&s, "dns_zones", &t);
        UNIT_ASSERT(table_rows(&t) == 2 && text_is(&t, 0, "zonename", "a") &&
                    text_is(&t, 1, "zonename", "b"));
        UNIT_ASSERT(number(&t, 0, "serial") == 0 && number(&t, 0, "count") == 1);
        UNIT_ASSERT(number(&t, 1, "serial") == 5 &&
                    number(&t, 1, "count") == 2); /* 5 is newer: they go round */
        table_fini(&t);
        show(&s, "lists", &t);
        UNIT_ASSERT(text_is(&t, 10, "list", "dns_names") && number(&t, 10, "items") == 4);
        UNIT_ASSERT(text_is(&t, 11, "list", "dns_zones") && number(&t, 11, "items") == 2);
        UNIT_ASSERT(text_is(&t, 12, "list", "dns_queries") && number(&t, 12, "items") == 7);
        table_fini(&t);
        stage_fini(&s);
}

UNIT_SUITE(admin_shows, UNIT_CASE(names_are_found_in_any_case), UNIT_CASE(memory_is_that_of_all_workers),
           UNIT_CASE(columns_are_pgbouncers), UNIT_CASE(pools_have_one_row_for_database_and_user),
           UNIT_CASE(extended_pools_have_one_row_for_each_node),
           UNIT_CASE(databases_are_lines_and_those_in_use), UNIT_CASE(users_are_counted),
           UNIT_CASE(lists_count), UNIT_CASE(sockets_are_shown_whole), UNIT_CASE(routes_show_what_happened),
           UNIT_CASE(names_are_shown_once), UNIT_CASE(latency_of_pools_adds_up),
           UNIT_CASE(alerts_follow_thresholds), UNIT_CASE(alerts_say_that_nobody_is_served))
