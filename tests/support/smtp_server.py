"""A real SMTP server (aiosmtpd) for the tests: prints its port, then each mail as one line of JSON.

Ends when its standard input does, so it never outlives the test. Arguments, all optional:
--cert FILE --key FILE offers STARTTLS, and refuses everything else before it; --user NAME
--password WORD wants a login. Recipients that begin with `later` are refused for now, with `nobody`
for good, with `full` once the mail is there.
"""

import argparse
import json
import os
import ssl
import sys

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult


class Handler:
    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("later"):
            return "450 4.2.1 not now"
        if address.startswith("nobody"):
            return "550 5.1.1 no such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        if any(it.startswith("full") for it in envelope.rcpt_tos):
            return "552 5.3.4 message too big"
        print(json.dumps({
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "tls": session.ssl is not None,
            "user": session.auth_data.login.decode() if session.auth_data else None,
            "source": envelope.content.decode("ascii", "replace"),
        }), flush=True)
        return "250 2.0.0 taken"


def main():
    arguments = argparse.ArgumentParser()
    for name in ("cert", "key", "user", "password"):
        arguments.add_argument("--" + name)
    said = arguments.parse_args()
    more = {}
    if said.cert:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(said.cert, said.key)
        more.update(tls_context=context, require_starttls=True)
    if said.user:
        def authenticate(server, session, envelope, mechanism, data):
            good = (data.login.decode(), data.password.decode()) == (said.user, said.password)
            return AuthResult(success=good, handled=False, auth_data=data)
        more.update(authenticator=authenticate, auth_required=True, auth_require_tls=bool(said.cert))
    # Port 0 is taken to be a port by this controller; so we ask for a free one ourselves.
    import socket
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    controller = Controller(Handler(), hostname="127.0.0.1", port=port, **more)
    controller.start()
    print(port, flush=True)
    sys.stdin.read()
    os._exit(0)


main()
