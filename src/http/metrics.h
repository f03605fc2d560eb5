/* metrics: tables of the console in Prometheus' text format 0.0.4 (prometheus.io, "Exposition formats"),
 * along the rows of metrics.def. Pure. */
#pragma once

#include "admin/reading.h"
#include "http/answer.h"

#define TYPE_METRICS "text/plain; version=0.0.4; charset=utf-8"

/* Wants the tables that metrics_put needs. */
void metrics_want(struct reading *r);

void metrics_put(struct writer *w, const struct reading *r);
