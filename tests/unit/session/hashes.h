/* hashes: how much has been hashed: the functions of the crypto library that src/auth/ calls are counted on
 * their way. */
#pragma once

struct hashes {
        unsigned derivations; /* PBKDF2 */
        unsigned others;      /* HMAC, SHA-256, MD5 */
};

extern struct hashes hashes;
