/* What ThreadSanitizer is not to report. PAM's modules are opened and closed by glibc's loader, whose own
 * locks it does not see. */
const char *__tsan_default_suppressions(void); /* NOLINT(bugprone-reserved-identifier): its name for it */

const char *__tsan_default_suppressions(void) /* NOLINT(bugprone-reserved-identifier) */
{
        return "race:ld-linux\n";
}
