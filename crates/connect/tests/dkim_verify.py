"""Checks DKIM signatures with dkimpy, which shares no code with ours.

Reads {"message": base64, "records": {name: text}} from standard input, a line each; answers each with the verdict on
every signature of the message, from the top, as a line of JSON."""

import base64
import json
import sys

import dkim

for line in sys.stdin:
    case = json.loads(line)
    message = base64.b64decode(case["message"])
    records = {name.encode() + b".": text.encode() for name, text in case["records"].items()}
    verifier = dkim.DKIM(message)
    count = sum(1 for name, _ in verifier.headers if name.lower() == b"dkim-signature")

    def verdict(index):
        try:
            return bool(dkim.DKIM(message).verify(idx=index, dnsfunc=lambda name, timeout=5: records.get(name)))
        except dkim.DKIMException:
            return False

    print(json.dumps([verdict(index) for index in range(count)]), flush=True)
