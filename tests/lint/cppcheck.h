/* Included before every file that cppcheck reads: it does not read library headers, and without knowing these
 * loops it takes the first one's variable for uninitialised, and the second one for no C. */
#define HASH_ITER(hh, head, element, next)                                                                   \
        for ((element) = (head); (element) != NULL; (element) = (next))                                      \
                if (((next) = (element)->hh.next) == (element)) {                                            \
                } else

#define cJSON_ArrayForEach(element, array)                                                                   \
        for ((element) = (array)->child; (element) != NULL; (element) = (element)->next)
