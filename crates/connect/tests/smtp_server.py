"""A real SMTP server for the tests: prints its port, then every message it takes as a line of JSON.

Usage: smtp_server.py none|starttls|tls CERTIFICATE KEY [USER PASSWORD]
"""

import asyncio
import base64
import json
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult


def say(line):
    print(line, flush=True)


class Printer:
    async def handle_DATA(self, server, session, envelope):
        content = base64.b64encode(envelope.original_content).decode()
        say(json.dumps({"from": envelope.mail_from, "to": envelope.rcpt_tos, "content": content}))
        return "250 2.0.0 printed"


def authenticator(user, password):
    def check(server, session, envelope, mechanism, given):
        right = (given.login, given.password) == (user.encode(), password.encode())
        return AuthResult(success=right, handled=False)

    return check


async def main(security, certificate, key, credentials):
    context = None
    if security != "none":
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
    options = {"enable_SMTPUTF8": True, "hostname": "localhost"}
    if security == "starttls":
        options.update(tls_context=context, require_starttls=True)
    if credentials:
        options.update(
            authenticator=authenticator(*credentials), auth_required=True, auth_require_tls=security == "starttls"
        )
    server = await asyncio.get_running_loop().create_server(
        lambda: SMTP(Printer(), **options), "127.0.0.1", 0, ssl=context if security == "tls" else None
    )
    say(server.sockets[0].getsockname()[1])
    await server.serve_forever()


asyncio.run(main(*sys.argv[1:4], sys.argv[4:6]))
