/* unit: the frame of the unit tests. A file declares its cases in one UNIT_SUITE; the runner finds them all.
 *
 *     static void parses_a_header(void) { ... UNIT_ASSERT(...); }
 *     UNIT_SUITE(wire_msg, UNIT_CASE(parses_a_header), UNIT_CASE(...))
 *
 * Tests with many rows loop over a table and call unit_row(name) first, so that a failure names its row. */
#pragma once

#include <CUnit/CUnit.h>

struct unit_case {
        const char *name;
        void (*run)(void);
};

struct unit_suite {
        const char *name;
        const struct unit_case *cases;
        int count;
        struct unit_suite *next;
};

void unit_register(struct unit_suite *suite);

/* Names the row that the following asserts belong to. `format` as printf. */
void unit_row(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Records a failure with the row's name; the case goes on. */
void unit_check(int ok, const char *condition, const char *file, int line);

#define UNIT_ASSERT(condition) unit_check(!!(condition), #condition, __FILE__, __LINE__)
#define UNIT_CASE(function)                                                                                  \
        {                                                                                                    \
#function, function                                                                          \
        }
#define UNIT_SUITE(suite, ...)                                                                               \
        static const struct unit_case suite##_cases[] = {__VA_ARGS__};                                       \
        static struct unit_suite suite##_suite = {                                                           \
            #suite, suite##_cases, (int)(sizeof(suite##_cases) / sizeof(suite##_cases[0])), NULL};           \
        __attribute__((constructor)) static void suite##_register(void)                                      \
        {                                                                                                    \
                unit_register(&suite##_suite);                                                               \
        }
