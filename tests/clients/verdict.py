"""verdict: how a login must end: who comes in, in TLS or in clear text, and what everybody else is told.

One rule, verdict(), for pgsteer and for PostgreSQL; they differ in the words of their refusals only."""
import re
from dataclasses import dataclass

SSLMODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
METHODS = ("trust", "plain", "md5", "scram-sha-256", "scram-sha-256-plus", "cert", "pam", "ldap")
PASSWORDLESS = ("trust", "cert")
LIBPQ = ("psql", "psycopg2", "psycopg3")
BINDING = (*LIBPQ, "pg")  # those that know channel binding
COMING_BACK = {"asyncpg": ("28000", "28P01"), "jdbc": ("28000",)}  # refused with these, they try their other way
GONE = "certificate.required|reset|closed|terminated|Broken pipe"  # whoever speaks first may not hear why

# What a client is told, by who tells it: (SQLSTATE, text).
OUTSIDE = {"pam": ("28000", 'PAM authentication failed for user "app"'),
           "ldap": ("28000", 'LDAP authentication failed for user "app"')}
PGSTEER = {
    "clear text": ("28000", "SSL required"),
    "no rule": ("28000", "no authentication method is found"),
    "no certificate": (None, GONE),
    "nobody's name": ("28000", "certificate authentication failed"),
    "no binding": ("28000", "channel binding required"),
    "password": ("28P01", "password authentication failed for user"),
}
POSTGRESQL = {
    "clear text": ("28000", "no pg_hba.conf entry for host"),
    "no rule": ("28000", "no pg_hba.conf entry for host"),
    "no certificate": ("28000", "connection requires a valid client certificate"),
    "nobody's name": ("28000", "connection requires a valid client certificate"),
    "password": ("28P01", "password authentication failed for user"),
}
CLIENT = {
    "no TLS": (None, "does not support SSL|rejected SSL upgrade"),
    "authority": (None, "certificate verify failed|PKIX|unable to (verify|get)|self.signed certificate"),
    "name": (None, "does not match|mismatch|could not be verified by hostname"),
    "cannot bind": (None, "channel binding|SCRAM-SHA-256-PLUS|mechanism"),
}


@dataclass
class Door:
    """Where one knocks: a port, and what is asked there."""
    row: str              # of the table
    words: dict           # PGSTEER or POSTGRESQL
    mode: str             # of its TLS, in pgsteer's words
    method: str
    port: int
    dbname: str

    @property
    def user(self):
        return "md5_user" if self.method == "md5" else "app"

    def says(self, reason):
        """(SQLSTATE, text) for a reason to refuse."""
        if reason == "password" and self.method in OUTSIDE:
            return OUTSIDE[self.method]
        return self.words.get(reason) or CLIENT[reason]


@dataclass
class Knock:
    """How a client tries. `flaw` is what is wrong with it: its password, its certificate, which is not there, the
    authority it trusts, or the name by which it calls the server."""
    client: str
    sslmode: str
    flaw: str = ""


def obstacle(door, knock, tls):
    """Why this does not get in, in TLS or in clear text; None: it does."""
    if tls:
        if knock.sslmode in ("verify-ca", "verify-full") and knock.flaw == "authority":
            return "authority"
        if knock.sslmode == "verify-full" and knock.flaw == "name":
            return "name"
        if door.mode.startswith("verify") and knock.flaw == "certificate":
            return "no certificate"
    elif door.mode not in ("disable", "allow", "prefer"):
        return "clear text"
    if door.method == "cert":
        return "no rule" if not tls else "nobody's name" if knock.flaw == "certificate" else None
    if door.method == "scram-sha-256-plus":
        if "no binding" in door.words:  # it is pgsteer that insists; on PostgreSQL, those that are libpq's
            if not tls or knock.client not in BINDING:
                return "cannot bind" if tls else "no binding"
        elif not tls and knock.client in LIBPQ:
            return "cannot bind"
    return "password" if knock.flaw == "password" and door.method not in PASSWORDLESS else None


def ways(knock):
    """What a client tries, in order: True is TLS."""
    if knock.sslmode in ("allow", "prefer") and knock.client != "pg":
        return [False, True] if knock.sslmode == "allow" else [True, False]
    return [knock.sslmode != "disable"]


def goes_on(knock):
    """Whether a client that asked for TLS does without, when there is none."""
    return knock.client != "pg" and knock.sslmode in ("prefer", "" if knock.client == "asyncpg" else "allow")


def comes_back(door, knock, reason):
    """Whether a client that was refused tries its other way."""
    if knock.client in LIBPQ:
        return reason not in CLIENT
    return door.says(reason)[0] in COMING_BACK.get(knock.client, ())


def verdict(door, knock):
    """("TLS" or "clear text", []), or (None, the reasons of which the client names one)."""
    reasons = []
    for tls in ways(knock):
        if tls and door.mode == "disable":
            if not goes_on(knock):
                return None, [*reasons, "no TLS"]
            tls = False
        reason = obstacle(door, knock, tls)
        if reason is None:
            return "TLS" if tls else "clear text", []
        reasons.append(reason)
        if not comes_back(door, knock, reason):
            break
    return None, reasons


def wrong(door, knock, answer):
    """What is wrong with what a program said, or None."""
    how, *said = answer.split("\t")
    tls, reasons = verdict(door, knock)
    if how == "in":
        if tls is None:
            return f"was let in, must be refused: {' or '.join(reasons)}"
        return None if said == [door.user, tls] else f"is {' in '.join(said)}, must be {door.user} in {tls}"
    if tls is not None:
        return f"must come in, in {tls}; is told {' '.join(said)}"
    for sqlstate, text in (door.says(reason) for reason in reasons):
        if (sqlstate is None or said[0] in ("-", sqlstate)) and re.search(text, said[1], re.IGNORECASE):
            return None
    return f"must be told {' or '.join(str(door.says(r)) for r in reasons)}; is told {' '.join(said)}"


def knocks(door, client):
    """All ways a client tries a door."""
    for sslmode in SSLMODES:
        if client == "pg" and sslmode == "allow":
            continue  # does not know it
        yield Knock(client, sslmode)
        if door.mode == "prefer" and door.method == "trust":
            yield Knock(client, sslmode, "authority")
            yield Knock(client, sslmode, "name")
    if door.method not in PASSWORDLESS:
        yield Knock(client, "prefer", "password")
    if door.mode.startswith("verify") or door.method == "cert":
        yield Knock(client, "require", "certificate")
