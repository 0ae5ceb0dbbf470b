"""A real SMTP server for tests: aiosmtpd, which keeps every message and can be told to misbehave.

usage: smtp_sink.py PORT MESSAGES CONTROL

PORT      0 takes a free one; the port is printed as the first line once the server listens
MESSAGES  file to which each message is appended as one JSON line, whatever it was answered
CONTROL   file with one JSON object, read again at every message; a missing file means accept:
          {"behaviour": "accept"}
          {"behaviour": "reply", "stage": "rcpt" | "data", "reply": "451 4.3.0 later"}
          {"behaviour": "drop_after_data"}     takes the message, then hangs up without an answer
          {"behaviour": "slow", "millis": 500}  answers after that time
          with "only_to": "@b.example" the behaviour holds for recipients that end so, others are accepted
"""

import asyncio
import email
import email.policy
import json
import sys

from aiosmtpd.smtp import SMTP

ACCEPTED = "250 OK"


class Sink:
    def __init__(self, messages_path, control_path):
        self.messages_path = messages_path
        self.control_path = control_path

    async def handle_RCPT(self, server, session, envelope, address, options):
        control = self.control([address])
        if control["behaviour"] == "reply" and control["stage"] == "rcpt":
            return control["reply"]
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return ACCEPTED

    async def handle_DATA(self, server, session, envelope):
        control = self.control(envelope.rcpt_tos)
        behaviour = control["behaviour"]
        if behaviour == "slow":
            await asyncio.sleep(control["millis"] / 1000)
        if behaviour == "drop_after_data":
            self.keep(envelope, None)
            server.transport.abort()
            # The connection is gone; ending here keeps aiosmtpd from answering on it.
            raise asyncio.CancelledError
        reply = control["reply"] if behaviour == "reply" and control["stage"] == "data" else ACCEPTED
        self.keep(envelope, reply)
        return reply

    def control(self, recipients):
        try:
            with open(self.control_path, encoding="utf-8") as file:
                control = json.load(file)
        except FileNotFoundError:
            control = {"behaviour": "accept"}
        only_to = control.get("only_to")
        concerned = only_to is None or any(address.endswith(only_to) for address in recipients)
        return control if concerned else {"behaviour": "accept"}

    def keep(self, envelope, reply):
        line = json.dumps(described(envelope, reply), ensure_ascii=False) + "\n"
        with open(self.messages_path, "a", encoding="utf-8") as file:
            file.write(line)


def described(envelope, reply):
    raw = envelope.content
    message = email.message_from_bytes(raw, policy=email.policy.default)
    return {
        "reply": reply,
        "mail_from": envelope.mail_from,
        "rcpt_to": envelope.rcpt_tos,
        "headers": [[name, str(value)] for name, value in message.items()],
        "text": body(message, "plain"),
        "html": body(message, "html"),
        "raw": raw.decode("utf-8", "backslashreplace"),
    }


def body(message, kind):
    part = message.get_body(preferencelist=(kind,))
    return part.get_content() if part is not None else None


async def serve(port, messages_path, control_path):
    sink = Sink(messages_path, control_path)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(sink, enable_SMTPUTF8=True, hostname="sink.example", loop=loop, command_call_limit=None),
        host="127.0.0.1",
        port=port,
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), sys.argv[2], sys.argv[3]))
