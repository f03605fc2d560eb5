/* The first bytes of a connection: the PROXY protocol's header, or a startup packet. */
#include "input.h"

#include "wire/proto.h"
#include "wire/proxy.h"
#include "wire/startup.h"

static void startup(const uint8_t *data, size_t size)
{
        struct startup packet;
        struct sv name, value;

        if (startup_read(data, size, &packet) != STATUS_OK)
                return;
        CHECK(packet.size >= STARTUP_MIN && packet.size <= STARTUP_MAX && packet.size <= size);
        while (packet.kind == STARTUP_SESSION && startup_param(&packet.params, &name, &value)) {
                CHECK(name.p >= (const char *)data && value.p + value.n < (const char *)data + packet.size);
                (void)replication_of(value);
        }
}

static void proxied(const uint8_t *data, size_t size)
{
        struct proxy_header header;
        enum status status = proxy_read(data, size, &header);

        CHECK(status != STATUS_OK || (header.size > 0 && header.size <= size));
        CHECK(status == STATUS_ABSENT || size == 0 || proxy_begins(data, size));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        startup(data, size);
        proxied(data, size);
        return 0;
}
