"""outside: who else can say whether a password is right: a directory server, a PAM service."""
import os
import shutil
import socket

from run import wait_for

BASE = "dc=example,dc=net"


def directory(t, users):
    """A directory server with these users and passwords, on 127.0.0.1. Returns its port."""
    schema = "/etc/ldap/schema"
    if not os.path.exists("/usr/sbin/slapd") or not os.path.isdir(schema):
        t.skip("slapd is not installed")
    d, port = t.run.mkdir(os.path.join(t.dir, "ldap")), t.run.port()
    data = t.run.mkdir(os.path.join(d, "data"))
    # Nobody may look around but who binds as the manager, or is the user itself.
    conf = t.run.write(f"{d}/slapd.conf", f"""\
include {schema}/core.schema
include {schema}/cosine.schema
include {schema}/inetorgperson.schema
pidfile {d}/slapd.pid
access to attrs=userPassword by anonymous auth
access to * by dn.exact="cn=manager,{BASE}" read by dn.exact="cn=reader,{BASE}" read by * auth
database ldif
directory {data}
suffix "{BASE}"
rootdn "cn=manager,{BASE}"
rootpw "manager # secret"
""")
    entries = f"dn: {BASE}\nobjectClass: dcObject\nobjectClass: organization\ndc: example\no: example\n\n"
    entries += "".join(f"""\
dn: uid={name},{BASE}
objectClass: inetOrgPerson
uid: {name}
cn: {name}
sn: user
mail: {name}@example.net
userPassword: {password}

""" for name, password in users.items())
    entries += f"dn: ou=copy,{BASE}\nobjectClass: organizationalUnit\nou: copy\n\n"
    entries += f"dn: uid=twice,ou=copy,{BASE}\nobjectClass: inetOrgPerson\nuid: twice\ncn: twice\nsn: copy\n"
    t.run.call(["/usr/sbin/slapadd", "-f", conf, "-l", t.run.write(f"{d}/data.ldif", entries)])
    t.run.spawn(["/usr/sbin/slapd", "-d", "0", "-f", conf, "-h", f"ldap://127.0.0.1:{port}"], cwd=d, log=f"{d}/slapd.log")

    def answers():
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0
    wait_for(answers, "slapd")
    return port


class Service:
    """A PAM service of this test alone, whose modules run a script with the password as its input."""

    def __init__(self, t, script):
        if os.geteuid() != 0:
            t.skip("only root can make a PAM service")
        if not shutil.which("sh") or not os.path.isdir("/etc/pam.d"):
            t.skip("PAM is not installed")
        path = t.run.write(os.path.join(t.dir, "check"), "#!/bin/sh\n" + script, 0o755)
        self.name = f"pgsteer-test-{os.getpid()}"
        self.file = f"/etc/pam.d/{self.name}"
        with open(self.file, "w") as f:
            f.write(f"auth required pam_exec.so quiet expose_authtok {path}\naccount required pam_exec.so quiet {path}\n")

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        os.unlink(self.file)
