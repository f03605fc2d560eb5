#include "http/page.h"

/* The Makefile makes these of the files: their bytes as numbers. */
static const unsigned char index_html[] = {
#include <page/index.html.inc>
};
static const unsigned char page_css[] = {
#include <page/page.css.inc>
};
static const unsigned char page_js[] = {
#include <page/page.js.inc>
};
static const unsigned char draw_js[] = {
#include <page/draw.js.inc>
};
static const unsigned char verdict_js[] = {
#include <page/verdict.js.inc>
};

static const struct {
        const char *name, *type;
        const unsigned char *bytes;
        size_t size;
} files[] = {
    {"", "text/html; charset=utf-8", index_html, sizeof(index_html)},
    {"page.css", "text/css; charset=utf-8", page_css, sizeof(page_css)},
    {"page.js", "text/javascript; charset=utf-8", page_js, sizeof(page_js)},
    {"draw.js", "text/javascript; charset=utf-8", draw_js, sizeof(draw_js)},
    {"verdict.js", "text/javascript; charset=utf-8", verdict_js, sizeof(verdict_js)},
};

bool page_answer(struct answer *a, const char *name)
{
        for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
                struct writer w = answer_writer(a);

                if (strcmp(name, files[i].name) != 0)
                        continue;
                a->status = 200;
                a->type = files[i].type;
                put_raw(&w, files[i].bytes, files[i].size);
                return true;
        }
        return false;
}
