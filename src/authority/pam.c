#include "authority/authority.h"

#include "base/log.h"

#include <netdb.h>
#include <security/pam_appl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* What a module says or asks. The password is the only answer that we have. */
static bool reply(const struct authority_question *q, const struct pam_message *said,
                  struct pam_response *answer)
{
        switch (said->msg_style) {
        case PAM_PROMPT_ECHO_OFF: answer->resp = strdup(q->password); return answer->resp != NULL;
        case PAM_ERROR_MSG: log_warning("pam_conversation(): PAM error: %s", said->msg); return true;
        case PAM_TEXT_INFO: return true;
        default:
                log_warning("pam_conversation(): PAM asks for more than a password: %s", said->msg);
                return false;
        }
}

static int converse(int count, const struct pam_message **said, struct pam_response **out, void *arg)
{
        struct pam_response *answers = count > 0 ? calloc((size_t)count, sizeof(*answers)) : NULL;
        bool good = answers != NULL;

        for (int i = 0; good && i < count; i++)
                good = reply(arg, said[i], &answers[i]);
        if (good) {
                *out = answers; /* the module's now, to wipe and to free */
                return PAM_SUCCESS;
        }
        for (int i = 0; answers != NULL && i < count; i++)
                if (answers[i].resp != NULL) {
                        explicit_bzero(answers[i].resp, strlen(answers[i].resp));
                        free(answers[i].resp);
                }
        free(answers);
        return PAM_CONV_ERR;
}

/* The name that the address has, where it has one. */
static void name_of(const char *address, char *out, size_t size)
{
        const struct addrinfo hints = {.ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_STREAM};
        struct addrinfo *found = NULL;

        if (getaddrinfo(address, NULL, &hints, &found) != 0 ||
            getnameinfo(found->ai_addr, found->ai_addrlen, out, (socklen_t)size, NULL, 0, NI_NAMEREQD) != 0)
                snprintf(out, size, "%s", address);
        if (found != NULL)
                freeaddrinfo(found);
}

static bool passes(struct authority_question *q, pam_handle_t *pam, const char *host, int *result)
{
        const char *step = "pam_set_item";

        *result = pam_set_item(pam, PAM_RHOST, host);
        if (*result == PAM_SUCCESS) {
                step = "pam_authenticate";
                *result = pam_authenticate(pam, PAM_SILENT);
        }
        if (*result == PAM_SUCCESS) {
                step = "pam_acct_mgmt";
                *result = pam_acct_mgmt(pam, PAM_SILENT);
        }
        if (*result == PAM_SUCCESS)
                return true;
        snprintf(q->why, sizeof(q->why), "%s() failed: %s", step, pam_strerror(pam, *result));
        return false;
}

bool authority_pam(struct authority_question *q, const char *service, bool use_hostname)
{
        const struct pam_conv conversation = {converse, q};
        pam_handle_t *pam = NULL;
        char host[NI_MAXHOST];
        int result;
        bool right;

        q->why[0] = '\0';
        snprintf(host, sizeof(host), "%s", q->address);
        if (use_hostname)
                name_of(q->address, host, sizeof(host));
        result = pam_start(service, q->user, &conversation, &pam);
        if (result != PAM_SUCCESS) {
                snprintf(q->why, sizeof(q->why), "pam_start() failed: %s", pam_strerror(NULL, result));
                return false;
        }
        right = passes(q, pam, host, &result);
        pam_end(pam, result);
        return right;
}
