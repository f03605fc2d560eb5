/* The runner of the unit tests. Arguments: none runs all suites, else the names of suites. Prints each
 * failure with file, line and row, and closes with "N passed, N failed" over the cases. */
#include "unit.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static struct unit_suite *suites;
static char row[256];
static const char *current_case;
static int case_failures;

void unit_register(struct unit_suite *suite)
{
        suite->next = suites;
        suites = suite;
}

void unit_row(const char *format, ...)
{
        va_list args;

        va_start(args, format);
        vsnprintf(row, sizeof(row), format, args);
        va_end(args);
}

void unit_check(int ok, const char *condition, const char *file, int line)
{
        CU_assertImplementation(ok, (unsigned)line, condition, file, "", CU_FALSE);
        if (ok)
                return;
        case_failures++;
        fprintf(stderr, "%s:%d: %s: failed: %s%s%s\n", file, line, current_case, condition,
                row[0] != '\0' ? "  row: " : "", row);
}

static int passed, failed;

static void on_start(const CU_pTest test, const CU_pSuite suite)
{
        (void)suite;
        current_case = test->pName;
        row[0] = '\0';
        case_failures = 0;
}

static void on_complete(const CU_pTest test, const CU_pSuite suite, const CU_pFailureRecord failure)
{
        (void)failure;
        if (case_failures == 0) {
                passed++;
                return;
        }
        failed++;
        printf("FAILED %s.%s\n", suite->pName, test->pName);
}

static int wanted(const char *name, int argc, char **argv)
{
        if (argc < 2)
                return 1;
        for (int i = 1; i < argc; i++)
                if (strcmp(argv[i], name) == 0)
                        return 1;
        return 0;
}

int main(int argc, char **argv)
{
        if (CU_initialize_registry() != CUE_SUCCESS)
                return 2;
        for (struct unit_suite *s = suites; s != NULL; s = s->next) {
                CU_pSuite suite;

                if (!wanted(s->name, argc, argv))
                        continue;
                suite = CU_add_suite(s->name, NULL, NULL);
                for (int i = 0; suite != NULL && i < s->count; i++)
                        if (CU_add_test(suite, s->cases[i].name, s->cases[i].run) == NULL)
                                return 2;
        }
        CU_set_test_start_handler(on_start);
        CU_set_test_complete_handler(on_complete);
        if (CU_run_all_tests() != CUE_SUCCESS)
                return 2;
        CU_cleanup_registry();
        printf("%d passed, %d failed\n", passed, failed);
        return failed != 0 || passed == 0;
}
