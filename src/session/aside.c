#include "session/aside.h"

#include "auth/secret.h"
#include "session/loss.h"
#include "session/room.h"

bool aside_read(struct client *c, struct server *s, size_t max)
{
        struct loop *loop = c->room->loop;
        size_t n;
        enum status status = stream_read(&s->stream, loop->scratch, LOOP_SCRATCH_BYTES, &n);

        if (status == STATUS_AGAIN)
                return false;
        if (status == STATUS_OK) {
                status = buf_append(&s->in, loop->scratch, n, max);
                if (s->in.secret)
                        secret_wipe(loop->scratch, n);
        }
        if (status == STATUS_OK)
                return true;
        loss_of_server(c, "server conn crashed?", true);
        return false;
}

bool aside_next(struct client *c, struct server *s, struct msg *m)
{
        enum status status;

        if (s->client != c || buf_len(&s->in) == 0)
                return false;
        status = msg_peek(buf_data(&s->in), buf_len(&s->in), m);
        if (status == STATUS_INVALID)
                loss_of_server(c, "broken packet from server", true);
        return status == STATUS_OK && m->have == m->size;
}
