#include "admin/pass.h"

#include "base/clock.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

bool pass_allowed(int fd)
{
        struct ucred peer;
        socklen_t size = sizeof(peer);
        int domain = 0;
        socklen_t domain_size = sizeof(domain);

        return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &domain_size) == 0 && domain == AF_UNIX &&
               getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && peer.uid == geteuid();
}

bool pass_bytes(int to, const struct buf *bytes, int fd, int64_t deadline_us)
{
        union {
                char bytes[CMSG_SPACE(sizeof(int))];
                struct cmsghdr align;
        } control = {{0}};
        size_t sent = 0;

        while (sent < buf_len(bytes)) {
                struct iovec part = {(void *)(uintptr_t)(buf_data(bytes) + sent), buf_len(bytes) - sent};
                struct msghdr m = {.msg_iov = &part, .msg_iovlen = 1};
                struct pollfd p = {.fd = to, .events = POLLOUT};
                ssize_t n;

                if (fd >= 0 && sent == 0) {
                        struct cmsghdr *c = &control.align;

                        m.msg_control = control.bytes;
                        m.msg_controllen = sizeof(control.bytes);
                        *c = (struct cmsghdr){.cmsg_level = SOL_SOCKET,
                                              .cmsg_type = SCM_RIGHTS,
                                              .cmsg_len = CMSG_LEN(sizeof(int))};
                        memcpy(CMSG_DATA(c), &fd, sizeof(fd));
                }
                n = sendmsg(to, &m, MSG_NOSIGNAL | MSG_DONTWAIT);
                if (n > 0)
                        sent += (size_t)n;
                else if ((errno != EAGAIN && errno != EINTR && errno != ETOOMANYREFS) ||
                         clock_us() > deadline_us)
                        return false;
                else
                        (void)poll(&p, 1, 20);
        }
        return true;
}
