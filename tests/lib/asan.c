/* What AddressSanitizer is not to report. Its stand-in for regexec() looks for the end of a text although
 * REG_STARTEND says where that is. */
const char *__asan_default_suppressions(void); /* NOLINT(bugprone-reserved-identifier): its name for it */

const char *__asan_default_suppressions(void) /* NOLINT(bugprone-reserved-identifier) */
{
        return "interceptor_name:regexec\n";
}
