#include "base/log.h"

#include "tempdir.h"
#include "unit.h"

#include <fcntl.h>
#include <pthread.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* Standard error goes to a file while a test runs, and that file is read back. */
struct capture {
        int saved, fd;
};

static struct capture capture_begin(void)
{
        struct capture c;

        fflush(stderr);
        c.saved = dup(STDERR_FILENO);
        c.fd = fileno(tmpfile());
        dup2(c.fd, STDERR_FILENO);
        return c;
}

static const char *capture_end(const struct capture *c)
{
        static char text[1 << 20];
        ssize_t n;

        dup2(c->saved, STDERR_FILENO);
        close(c->saved);
        n = pread(c->fd, text, sizeof(text) - 1, 0);
        text[n > 0 ? n : 0] = '\0';
        return text;
}

static bool matches(const char *text, const char *pattern)
{
        regex_t re;
        bool yes;

        if (regcomp(&re, pattern, REG_EXTENDED | REG_NOSUB) != 0)
                return false;
        yes = regexec(&re, text, 0, NULL, 0) == 0;
        regfree(&re);
        return yes;
}

#define STAMP "^[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3} [A-Z0-9+-]+ \\[[0-9]+\\] "

static void writes_the_line_that_tools_know(void)
{
        static const struct {
                const char *name;
                enum log_level level;
                const char *text, *pattern;
        } rows[] = {
            {"fatal", LOG_FATAL_, "it ends", STAMP "FATAL it ends\n$"},
            {"error", LOG_ERROR_, "bad", STAMP "ERROR bad\n$"},
            {"warning", LOG_WARNING_, "hm", STAMP "WARNING hm\n$"},
            {"info", LOG_INFO_, "process up", STAMP "LOG process up\n$"},
            {"control characters", LOG_INFO_,
             "a\nb\tc\x7f"
             "d\x1b",
             STAMP "LOG a\\?b\\?c\\?d\\?\n$"},
            {"above ASCII stays", LOG_INFO_, "gr\xc3\xbc\xc3\x9f", STAMP "LOG gr\xc3\xbc\xc3\x9f\n$"},
            {"empty", LOG_INFO_, "", STAMP "LOG \n$"},
            {"debug is not asked for", LOG_DEBUG_, "no", "^$"},
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct capture c = capture_begin();
                const char *said;

                log_write(rows[i].level, "%s", rows[i].text);
                said = capture_end(&c);
                unit_row("%s", rows[i].name);
                UNIT_ASSERT(matches(said, rows[i].pattern));
        }
}

static void writes_json(void)
{
#define HEAD "^\\{\"time\":\"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3}Z\",\"level\":"
        static const struct {
                const char *name;
                enum log_level level;
                const char *text, *pattern;
        } rows[] = {
            {"a line", LOG_INFO_, "process up",
             HEAD "\"LOG\",\"pid\":[0-9]+,\"message\":\"process up\"\\}\n$"},
            {"a client's", LOG_WARNING_, "C-0x5a01: app/ann@127.0.0.1:5 left",
             HEAD
             "\"WARNING\",\"pid\":[0-9]+,\"id\":\"C-0x5a01\",\"message\":\"app/ann@127.0.0.1:5 left\"\\}\n$"},
            {"no id", LOG_INFO_, "C-0x5a\"01: x",
             HEAD "\"LOG\",\"pid\":[0-9]+,\"message\":\"C-0x5a\\\\\"01: x\"\\}\n$"},
            {"what must be escaped", LOG_INFO_, "a\"b\\c\nd\xe9",
             HEAD ".*\"message\":\"a\\\\\"b\\\\\\\\c\\?d\\?\"\\}\n$"},
        };

        log_set_format(LOG_FORMAT_JSON);
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct capture c = capture_begin();
                const char *said;

                log_write(rows[i].level, "%s", rows[i].text);
                said = capture_end(&c);
                unit_row("%s: %s", rows[i].name, said);
                UNIT_ASSERT(matches(said, rows[i].pattern));
        }
        log_set_format(LOG_FORMAT_PLAIN);
}

static void keeps_to_its_level(void)
{
        static const enum log_level levels[] = {LOG_FATAL_, LOG_ERROR_, LOG_WARNING_,
                                                LOG_INFO_,  LOG_DEBUG_, LOG_NOISE_};

        for (size_t set = 0; set < 6; set++) {
                log_set_level(levels[set]);
                for (size_t asked = 0; asked < 6; asked++) {
                        unit_row("level %zu asked %zu", set, asked);
                        UNIT_ASSERT(log_enabled(levels[asked]) == (asked <= set));
                }
        }
        log_set_level(LOG_INFO_);
}

static void cuts_a_long_line_and_ends_it(void)
{
        struct capture c;
        char text[5000];
        const char *said;

        memset(text, 'x', sizeof(text) - 1);
        text[sizeof(text) - 1] = '\0';
        c = capture_begin();
        log_info("%s", text);
        said = capture_end(&c);
        UNIT_ASSERT(strlen(said) <= 2048 && strlen(said) > 1900);
        UNIT_ASSERT(said[strlen(said) - 1] == '\n' && strchr(said, '\n') == said + strlen(said) - 1);
}

static void *chatter(void *arg)
{
        for (int i = 0; i < 200; i++)
                log_info("<%s>", (const char *)arg);
        return NULL;
}

static void lines_of_threads_do_not_mix(void)
{
        static char texts[4][300];
        pthread_t threads[4];
        struct capture c = capture_begin();
        const char *at, *end;
        int whole = 0;

        for (int i = 0; i < 4; i++) {
                memset(texts[i], 'a' + i, sizeof(texts[i]) - 1);
                pthread_create(&threads[i], NULL, chatter, texts[i]);
        }
        for (int i = 0; i < 4; i++)
                pthread_join(threads[i], NULL);
        at = capture_end(&c);
        for (; (end = strchr(at, '\n')) != NULL; at = end + 1) {
                const char *open = memchr(at, '<', (size_t)(end - at));

                UNIT_ASSERT(open != NULL && end[-1] == '>' && end - open == 301);
                if (open == NULL)
                        break;
                for (int i = 0; i < 4; i++)
                        if (memcmp(open + 1, texts[i], 299) == 0)
                                whole++;
        }
        UNIT_ASSERT(whole == 800);
}

static void reopens_its_file(void)
{
        char path[300], moved[300], text[400];
        FILE *f;

        snprintf(path, sizeof(path), "%s/log", tempdir());
        snprintf(moved, sizeof(moved), "%s/log.1", tempdir());
        log_to_stderr(false);
        UNIT_ASSERT(log_open(path));
        log_info("before");
        UNIT_ASSERT(rename(path, moved) == 0);
        UNIT_ASSERT(!log_open("/nowhere/at/all"));
        log_info("between");
        UNIT_ASSERT(log_open(path));
        log_info("after");
        f = fopen(moved, "r");
        UNIT_ASSERT(f != NULL && fgets(text, sizeof(text), f) != NULL && strstr(text, "before") != NULL);
        UNIT_ASSERT(fgets(text, sizeof(text), f) != NULL && strstr(text, "between") != NULL);
        UNIT_ASSERT(fgets(text, sizeof(text), f) == NULL);
        fclose(f);
        f = fopen(path, "r");
        UNIT_ASSERT(f != NULL && fgets(text, sizeof(text), f) != NULL && strstr(text, "after") != NULL);
        UNIT_ASSERT(fgets(text, sizeof(text), f) == NULL);
        fclose(f);
        /* Without a name the file is left alone. */
        UNIT_ASSERT(log_open(""));
        log_info("nowhere");
        f = fopen(path, "r");
        UNIT_ASSERT(f != NULL && fgets(text, sizeof(text), f) != NULL &&
                    fgets(text, sizeof(text), f) == NULL);
        fclose(f);
        log_to_stderr(true);
        unlink(path);
        unlink(moved);
}

/* systemd says which socket is the journal's; there lines have their priority and nothing that it knows
 * itself.
 */
static void speaks_to_the_journal(void)
{
        struct capture c = capture_begin();
        struct stat st;
        char name[64];

        UNIT_ASSERT(fstat(STDERR_FILENO, &st) == 0);
        snprintf(name, sizeof(name), "%llu:%llu", (unsigned long long)st.st_dev,
                 (unsigned long long)st.st_ino);
        setenv("JOURNAL_STREAM", name, 1);
        log_to_stderr(true);
        log_error("bad");
        log_info("up");
        setenv("JOURNAL_STREAM", "1:2", 1);
        log_to_stderr(true);
        log_info("elsewhere");
        unsetenv("JOURNAL_STREAM");
        UNIT_ASSERT(matches(capture_end(&c), "^<3>bad\n<6>up\n[0-9]{4}-.* LOG elsewhere\n$"));
}

/* All that can be read from `fd` without waiting. */
static const char *drain(int fd)
{
        static char text[1 << 20];
        ssize_t n, used = 0;

        fcntl(fd, F_SETFL, O_NONBLOCK);
        while ((n = read(fd, text + used, sizeof(text) - 1 - (size_t)used)) > 0)
                used += n;
        text[used] = '\0';
        return text;
}

/* Standard error is `writer`, whose reader does not read: nobody waits, and what is missing is told. */
static void loses_lines_rather_than_wait(int reader, int writer, const char *why)
{
        int saved = dup(STDERR_FILENO), lines = 0;
        unsigned long long lost;
        const char *said, *error;
        char missing[120];

        dup2(writer, STDERR_FILENO);
        log_to_stderr(true);
        while ((lost = log_lost(&error)) < 50 && lines++ < 1000000)
                log_info("a line that says how it goes on and on, number %d", lines);
        said = drain(reader);
        log_info("the end");
        UNIT_ASSERT(lost == 50 && strcmp(error, why) == 0);
        UNIT_ASSERT(strstr(said, "number 1\n") != NULL && said[strlen(said) - 1] == '\n');
        said = drain(reader);
        dup2(saved, STDERR_FILENO);
        log_to_stderr(true);
        snprintf(missing, sizeof(missing), "WARNING 50 lines of the log are missing here: %s\n", why);
        UNIT_ASSERT(strstr(said, missing) != NULL && strstr(said, "LOG the end\n") != NULL);
        UNIT_ASSERT(log_lost(&error) == 0);
        close(saved);
        close(reader);
        close(writer);
}

static void a_pipe_that_is_not_read_stops_nobody(void)
{
        int ends[2];

        UNIT_ASSERT(pipe(ends) == 0);
        loses_lines_rather_than_wait(ends[0], ends[1], "Resource temporarily unavailable");
        UNIT_ASSERT(pipe(ends) == 0); /* others write to it as before: */
        UNIT_ASSERT((fcntl(ends[1], F_GETFL) & O_NONBLOCK) == 0);
        close(ends[0]);
        close(ends[1]);
}

static void a_socket_that_is_not_read_stops_nobody(void)
{
        int ends[2];

        UNIT_ASSERT(socketpair(AF_UNIX, SOCK_DGRAM, 0, ends) == 0);
        loses_lines_rather_than_wait(ends[0], ends[1], "Resource temporarily unavailable");
}

static void a_full_disk_is_told_of_later(void)
{
        char path[300], text[400];
        const char *why;
        FILE *f;

        log_to_stderr(false);
        UNIT_ASSERT(log_open("/dev/full"));
        for (int i = 0; i < 7; i++)
                log_info("nowhere");
        UNIT_ASSERT(log_lost(&why) == 7 && strcmp(why, "No space left on device") == 0);
        snprintf(path, sizeof(path), "%s/log", tempdir());
        UNIT_ASSERT(log_open(path)); /* as when there is room again */
        log_info("after");
        UNIT_ASSERT(log_lost(&why) == 0);
        f = fopen(path, "r");
        UNIT_ASSERT(f != NULL && fgets(text, sizeof(text), f) != NULL &&
                    strstr(text, "WARNING 7 lines of the log are missing here: No space left on device\n") !=
                        NULL);
        UNIT_ASSERT(fgets(text, sizeof(text), f) != NULL && strstr(text, "LOG after\n") != NULL);
        fclose(f);
        log_to_stderr(true);
        unlink(path);
}

UNIT_SUITE(base_log, UNIT_CASE(a_pipe_that_is_not_read_stops_nobody),
           UNIT_CASE(a_socket_that_is_not_read_stops_nobody), UNIT_CASE(a_full_disk_is_told_of_later),
           UNIT_CASE(speaks_to_the_journal), UNIT_CASE(writes_the_line_that_tools_know),
           UNIT_CASE(writes_json), UNIT_CASE(keeps_to_its_level), UNIT_CASE(cuts_a_long_line_and_ends_it),
           UNIT_CASE(lines_of_threads_do_not_mix), UNIT_CASE(reopens_its_file))
