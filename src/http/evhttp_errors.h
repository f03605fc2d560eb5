/* evhttp_errors: what evhttp 2.1 answers by itself, to what is no request, is a page of HTML, and nobody is
 * asked. Here it becomes {"error": ...}, as all our errors are, before it leaves. */
#pragma once

struct bufferevent;

/* For the life of a connection of evhttp's. */
void evhttp_errors_translate(struct bufferevent *stream);
