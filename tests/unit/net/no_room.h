/* no_room: a kernel that can watch no more descriptors (epoll_ctl: ENOSPC), also for libevent. */
#pragma once

#include <stdbool.h>

extern bool no_room;
