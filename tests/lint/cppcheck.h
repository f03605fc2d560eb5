/* Included before every file that cppcheck reads: it does not read library headers, and without knowing this
 * loop it takes the loop's variable for uninitialised. */
#define HASH_ITER(hh, head, element, next)                                                                   \
        for ((element) = (head); (element) != NULL; (element) = (next))                                      \
                if (((next) = (element)->hh.next) == (element)) {                                            \
                } else
