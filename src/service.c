#include "service.h"

#include "base/clock.h"
#include "base/log.h"

#include <inttypes.h>
#include <systemd/sd-daemon.h>

void service_ready(void)
{
        (void)sd_notify(0, "READY=1");
}

/* The time lets Type=notify-reload tell this reload from an earlier one. */
void service_reloading(void)
{
        (void)sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%" PRId64, clock_us());
}

void service_stopping(void)
{
        (void)sd_notify(0, "STOPPING=1");
}

int service_sockets(void)
{
        int n = sd_listen_fds(0);

        return n > 0 ? n : 0;
}

void service_offer_sockets(struct listeners *l)
{
        int n = service_sockets();

        for (int fd = SD_LISTEN_FDS_START; fd < SD_LISTEN_FDS_START + n; fd++) {
                if (sd_is_socket(fd, AF_UNSPEC, SOCK_STREAM, 1) <= 0) {
                        log_warning("what the service manager has passed (fd %d) is not a listening socket",
                                    fd);
                        continue;
                }
                log_info("socket passed from service manager (fd %d)", fd);
                listeners_offer(l, fd);
        }
}
