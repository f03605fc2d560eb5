#include "net/certs.h"

#include "base/check.h"
#include "tempdir.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static long serial = 1;

const char *certs_path(const char *name, const char *suffix)
{
        static char paths[4][400];
        static int next;
        char *path = paths[next++ % 4];

        snprintf(path, sizeof(paths[0]), "%s/%s%s", tempdir(), name, suffix);
        return path;
}

static FILE *open_file(const char *name, const char *suffix, const char *mode)
{
        FILE *f = fopen(certs_path(name, suffix), mode);

        CHECK(f != NULL);
        return f;
}

void certs_write(const char *name, const char *suffix, const char *text)
{
        FILE *f = open_file(name, suffix, "w");

        fputs(text, f);
        fclose(f);
}

static EVP_PKEY *read_key(const char *name)
{
        FILE *f = open_file(name, ".key", "r");
        EVP_PKEY *key = PEM_read_PrivateKey(f, NULL, NULL, NULL);

        fclose(f);
        CHECK(key != NULL);
        return key;
}

static X509 *read_cert(const char *name)
{
        FILE *f = open_file(name, ".crt", "r");
        X509 *cert = PEM_read_X509(f, NULL, NULL, NULL);

        fclose(f);
        CHECK(cert != NULL);
        return cert;
}

static void extend(X509 *cert, X509 *issuer, int nid, const char *value)
{
        X509V3_CTX context;
        X509_EXTENSION *extension;

        X509V3_set_ctx(&context, issuer, cert, NULL, NULL, 0);
        extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
        CHECK(extension != NULL && X509_add_ext(cert, extension, -1) == 1);
        X509_EXTENSION_free(extension);
}

static void set_name(X509 *cert, const char *cn)
{
        X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN", MBSTRING_UTF8,
                                   (const unsigned char *)cn, -1, -1, 0);
}

static X509 *new_cert(EVP_PKEY *key, const char *cn)
{
        X509 *cert = X509_new();

        CHECK(cert != NULL);
        X509_set_version(cert, 2);
        ASN1_INTEGER_set(X509_get_serialNumber(cert), serial++);
        X509_gmtime_adj(X509_getm_notBefore(cert), -3600);
        X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
        X509_set_pubkey(cert, key);
        set_name(cert, cn);
        return cert;
}

static void write_pair(const char *name, X509 *cert, EVP_PKEY *key)
{
        FILE *f = open_file(name, ".crt", "w");

        PEM_write_X509(f, cert);
        fclose(f);
        f = open_file(name, ".key", "w");
        PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL);
        fclose(f);
}

void certs_authority(const char *name)
{
        EVP_PKEY *key = EVP_EC_gen("P-256");
        X509 *cert = new_cert(key, name);

        X509_set_issuer_name(cert, X509_get_subject_name(cert));
        extend(cert, cert, NID_basic_constraints, "critical,CA:TRUE");
        extend(cert, cert, NID_key_usage, "critical,keyCertSign,cRLSign");
        CHECK(X509_sign(cert, key, EVP_sha256()) > 0);
        write_pair(name, cert, key);
        X509_free(cert);
        EVP_PKEY_free(key);
}

/* `fault` -1: none. */
static void issue(const char *authority, const char *name, const char *cn, const char *san, int fault)
{
        EVP_PKEY *key = EVP_EC_gen("P-256"), *issuer_key = read_key(authority);
        X509 *issuer = read_cert(authority), *cert = new_cert(key, cn);

        X509_set_issuer_name(cert, X509_get_subject_name(issuer));
        if (san != NULL)
                extend(cert, issuer, NID_subject_alt_name, san);
        if (fault == CERTS_EXPIRED)
                X509_gmtime_adj(X509_getm_notAfter(cert), -60);
        if (fault == CERTS_FOR_SERVERS)
                extend(cert, issuer, NID_ext_key_usage, "serverAuth");
        CHECK(X509_sign(cert, issuer_key, EVP_sha256()) > 0);
        write_pair(name, cert, key);
        if (fault == CERTS_LONG_CHAIN) {
                FILE *f = open_file(name, ".crt", "a");

                for (int i = 0; i < 400; i++)
                        PEM_write_X509(f, issuer);
                fclose(f);
        }
        X509_free(cert);
        X509_free(issuer);
        EVP_PKEY_free(key);
        EVP_PKEY_free(issuer_key);
}

void certs_issue(const char *authority, const char *name, const char *cn, const char *san)
{
        issue(authority, name, cn, san, -1);
}

void certs_issue_bad(const char *authority, const char *name, const char *cn, enum certs_fault fault)
{
        issue(authority, name, cn, NULL, (int)fault);
}

void certs_revoke(const char *authority, const char *name, const char *revoked)
{
        EVP_PKEY *key = read_key(authority);
        X509 *issuer = read_cert(authority);
        X509_CRL *list = X509_CRL_new();
        ASN1_TIME *now = X509_gmtime_adj(NULL, -60), *then = X509_gmtime_adj(NULL, 3600);
        FILE *f;

        X509_CRL_set_version(list, 1);
        X509_CRL_set_issuer_name(list, X509_get_subject_name(issuer));
        X509_CRL_set1_lastUpdate(list, now);
        X509_CRL_set1_nextUpdate(list, then);
        if (revoked != NULL) {
                X509 *cert = read_cert(revoked);
                X509_REVOKED *entry = X509_REVOKED_new();

                X509_REVOKED_set_serialNumber(entry, X509_get_serialNumber(cert));
                X509_REVOKED_set_revocationDate(entry, now);
                X509_CRL_add0_revoked(list, entry);
                X509_free(cert);
        }
        CHECK(X509_CRL_sign(list, key, EVP_sha256()) > 0);
        f = open_file(name, ".crl", "w");
        PEM_write_X509_CRL(f, list);
        fclose(f);
        ASN1_TIME_free(now);
        ASN1_TIME_free(then);
        X509_CRL_free(list);
        X509_free(issuer);
        EVP_PKEY_free(key);
}
