#include "http/question.h"

#include <string.h>

const char *question_get(const struct question *q, const char *name)
{
        for (int i = q->count - 1; i >= 0; i--)
                if (strcmp(q->list[i].name, name) == 0)
                        return q->list[i].value;
        return NULL;
}

void question_fini(struct question *q)
{
        arena_release(&q->arena);
        *q = (struct question){0};
}
