"""Twilio's messages API, strictly: for tests, and to be run by hand.

    python3 fake_twilio.py [PORT]        prints the port it listens on, then a line of JSON for each message

Account AC000…001 with token 0123456789abcdef0123456789abcdef, API key SK000…001 with secret `api-secret`, number
+15005550006, messaging service MG000…001. What happens depends on the recipient:

    +15005550001  21211, no number          +15005551429  429, Retry-After 7
    +15005550002  21612, not reachable      +15005551500  500, code 20500
    +15005550003  21408, region off         +15005551999  created, then the line goes dead
    +15005550009  21614, no mobile          +15005552005  undelivered, 30005 unknown handset
    +15005552007  undelivered, 30007        +15005552000  sent, and never heard of again
    +15005552023  undelivered, 30023 (daily cap)    +15005552034  undelivered, 30034 (not registered)
    +15005551998  created, then the line goes dead; delivered, and nothing is ever reported
    +15005552001  delivered before sent, each twice; later undelivered
    +15005552010  delivered, and nothing is ever reported
    any other     queued, sent, delivered

POST /_write {"from", "to", "text", "opt_out_type"?, "url"} makes somebody write; STOP is remembered: 21610 from then on.
POST /_report {"url", "sid", "status", "code"?} reports about a message, sent or not.
POST /_account {"status": "suspended"} changes the account.
POST /_clock {"now": "2026-12-01T09:00:00+00:00"} sets the clock by which messages are dated."""

import base64
import datetime
import email.utils
import hashlib
import hmac
import json
import re
import sys
import threading
import time
import urllib.parse
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ACCOUNT = "AC" + "0" * 31 + "1"
TOKEN = "0123456789abcdef0123456789abcdef"
KEY, KEY_SECRET = "SK" + "0" * 31 + "1", "api-secret"
NUMBER, SERVICE = "+15005550006", "MG" + "0" * 31 + "1"
KNOWN = {
    "To", "From", "MessagingServiceSid", "Body", "MediaUrl", "ContentSid", "StatusCallback", "ValidityPeriod", "ScheduleType",
    "SendAt", "SmartEncoded", "ShortenUrls", "ContentVariables", "SendAsMms", "Attempt", "ProvideFeedback", "ContentRetention",
    "AddressRetention", "RiskCheck", "TrafficType", "PersistentAction", "FallbackFrom", "ForceDelivery", "ApplicationSid", "MaxPrice",
}
REFUSED = {
    "+15005550001": (400, 21211, "The 'To' number is not a valid phone number."),
    "+15005550002": (400, 21612, "The 'To' phone number is not currently reachable."),
    "+15005550003": (400, 21408, "Permission to send an SMS has not been enabled for the region."),
    "+15005550009": (400, 21614, "'To' number is not a valid mobile number."),
    "+15005551429": (429, 20429, "Too Many Requests"),
    "+15005551500": (500, 20500, "Internal Server Error"),
}
lock, messages, opted_out, account, clock = threading.Lock(), [], set(), {"status": "active"}, {"now": None}


def sign(url, fields):
    text = url + "".join(name + value for name in sorted(fields) for value in sorted(set(fields[name])))
    return base64.b64encode(hmac.new(TOKEN.encode(), text.encode(), hashlib.sha1).digest()).decode()


def call(url, fields):
    """Calls back as Twilio does: signed, with a field that nobody knows yet; the answer's text."""
    fields = {name: [value] for name, value in fields.items()} | {"NewThing": ["b", "a", "b"]}
    body = urllib.parse.urlencode(fields, doseq=True).encode()
    headers = {"X-Twilio-Signature": sign(url, fields), "Content-Type": "application/x-www-form-urlencoded"}
    target = rerouted(url)
    try:
        with urllib.request.urlopen(urllib.request.Request(target, body, headers), timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def rerouted(url):
    """Public addresses of tests lead to where the test listens (second argument: https://public=http://127.0.0.1:1)."""
    for rule in sys.argv[2:]:
        public, local = rule.split("=", 1)
        if url.startswith(public):
            return local + url[len(public):]
    return url


def report(message, status, code=None):
    message["status"], message["error_code"] = status, code
    if not message["callback"]:
        return
    fields = {"MessageSid": message["sid"], "SmsSid": message["sid"], "MessageStatus": status, "SmsStatus": status,
              "AccountSid": ACCOUNT, "ApiVersion": "2010-04-01", "From": message["from"] or NUMBER, "To": message["to"]}
    if code:
        fields["ErrorCode"] = str(code)
    try:
        call(message["callback"], fields)
    except OSError:
        pass  # Twilio does not repeat its reports either.


def fare(message):
    time.sleep(0.02)
    to = message["to"]
    if to == "+15005552001":
        for status in ["delivered", "delivered", "sent", "sent", "undelivered"]:
            report(message, status, 30008 if status == "undelivered" else None)
        return
    if to in ("+15005552010", "+15005551998"):
        message["status"] = "delivered"
        return
    report(message, "queued")
    report(message, "sent")
    if to in ("+15005552005", "+15005552007", "+15005552023", "+15005552034"):
        report(message, "undelivered", 30000 + int(to[-3:]))
    elif to != "+15005552000":
        report(message, "delivered")


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, body, headers=()):
        data = json.dumps(body).encode()
        self.send_response(status)
        for name, value in [("Content-Type", "application/json"), ("Content-Length", str(len(data))), *headers]:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def refuse(self, status, code, text, headers=()):
        more = f"https://www.twilio.com/docs/errors/{code}"
        self.answer(status, {"code": code, "message": text, "more_info": more, "status": status}, headers)

    def signed_in(self):
        pairs = [f"{ACCOUNT}:{TOKEN}", f"{KEY}:{KEY_SECRET}"]
        given = self.headers.get("Authorization", "")
        if given in ["Basic " + base64.b64encode(pair.encode()).decode() for pair in pairs]:
            return True
        self.refuse(401, 20003, "Authenticate")
        return False

    def do_GET(self):
        path, _, query = self.path.partition("?")
        root = f"/2010-04-01/Accounts/{ACCOUNT}"
        if not self.signed_in():
            return
        if path == root + ".json":
            return self.answer(200, {"sid": ACCOUNT, "friendly_name": "Acme", **account})
        if path == root + "/Messages.json":
            asked = urllib.parse.parse_qs(query)
            since = asked.get("DateSent>", ["0000-00-00"])[0]
            found = [shown(m) for m in messages if m["to"] in asked.get("To", [m["to"]]) and m["at"].date().isoformat() >= since]
            size, page = int(asked.get("PageSize", ["50"])[0]), int(asked.get("Page", ["0"])[0])
            asked |= {"PageSize": [str(size)], "Page": [str(page + 1)]}
            more = f"{path}?{urllib.parse.urlencode(asked, doseq=True)}" if len(found) > size * (page + 1) else None
            return self.answer(200, {"messages": found[size * page:size * (page + 1)], "page": page, "page_size": size, "next_page_uri": more})
        for message in messages:
            if path == f"{root}/Messages/{message['sid']}.json":
                return self.answer(200, shown(message))
        return self.refuse(404, 20404, f"The requested resource {path} was not found")

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path == "/_account":
            account.update(json.loads(body))
            return self.answer(200, account)
        if self.path == "/_clock":
            clock.update(json.loads(body))
            return self.answer(200, clock)
        if self.path == "/_report":
            said = json.loads(body)
            fields = {"MessageSid": said["sid"], "MessageStatus": said["status"]}
            fields |= {"ErrorCode": str(said["code"])} if "code" in said else {}
            status, text = call(said["url"], fields)
            return self.answer(200, {"status": status, "text": text})
        if self.path == "/_write":
            return self.write(json.loads(body))
        if not self.signed_in():
            return None
        if self.path != f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json":
            return self.refuse(404, 20404, f"The requested resource {self.path} was not found")
        if self.headers.get("Content-Type") != "application/x-www-form-urlencoded":
            return self.refuse(415, 20415, "Unsupported Media Type")
        fields = dict(urllib.parse.parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=True))
        problem = self.wrong(fields)
        if problem:
            headers = [("Retry-After", "7")] if problem[0] == 429 else []
            return self.refuse(*problem, headers)
        with lock:
            message = {"sid": f"SM{len(messages) + 1:032x}", "to": fields["To"], "from": fields.get("From"), "body": fields["Body"],
                       "service": fields.get("MessagingServiceSid"), "callback": fields.get("StatusCallback"), "status": "queued"}
            messages.append(message)
            print(json.dumps(message), flush=True)
            message["at"] = now()
        threading.Thread(target=fare, args=(message,), daemon=True).start()
        if message["to"] in ("+15005551999", "+15005551998"):
            self.close_connection = True
            return self.connection.close()
        return self.answer(201, shown(message))

    def wrong(self, fields):
        to, sender = fields.get("To"), fields.get("From")
        if account["status"] != "active":
            return 401, 20005, "Account not active"
        if not to:
            return 400, 21604, "A 'To' phone number is required."
        if not sender and not fields.get("MessagingServiceSid"):
            return 400, 21603, "A 'From' phone number is required."
        if not fields.get("Body") and "MediaUrl" not in fields and "ContentSid" not in fields:
            return 400, 21602, "Message body is required."
        if len(fields.get("Body", "")) > 1600:
            return 400, 21617, "The concatenated message body exceeds the 1600 character limit."
        if set(fields) - KNOWN:
            return 400, 20001, f"Unknown parameter {sorted(set(fields) - KNOWN)}"
        if not re.fullmatch(r"\+[1-9]\d{7,14}", to):
            return 400, 21211, "The 'To' number is not a valid phone number."
        if sender and sender not in (NUMBER, "Acme"):
            return 400, 21606, "The 'From' number is not a valid, message-capable Twilio number."
        if fields.get("MessagingServiceSid", SERVICE) != SERVICE:
            return 404, 21701, "The Messaging Service does not exist."
        callback = fields.get("StatusCallback")
        if callback and not (re.match(r"https?://[A-Za-z0-9.:-]+/", callback) and len(callback) <= 4000):
            return 400, 21609, "The 'StatusCallback' URL is not a valid URL."
        if not 1 <= int(fields.get("ValidityPeriod", "36000")) <= 36000:
            return 400, 20001, "ValidityPeriod must be between 1 and 36000."
        if (to, sender or SERVICE) in opted_out:
            return 400, 21610, "Attempt to send to unsubscribed recipient"
        return REFUSED.get(to)

    def write(self, said):
        fields = {"MessageSid": f"SM{int(time.time() * 1e6):032x}", "AccountSid": ACCOUNT, "From": said["from"], "To": said["to"],
                  "Body": said["text"], "NumMedia": "0", "NumSegments": "1", "SmsStatus": "received"}
        fields |= {"MessageSid": said["sid"]} if "sid" in said else {}
        if said.get("opt_out_type"):
            fields["OptOutType"] = said["opt_out_type"]
        if said.get("service"):
            fields["MessagingServiceSid"] = said["service"]
        word = said["text"].strip().lower()
        if word in ("stop", "unsubscribe", "end", "quit", "cancel"):
            opted_out.add((said["from"], said["to"]))
        elif word in ("start", "yes", "unstop"):
            opted_out.discard((said["from"], said["to"]))
        try:
            status, text = call(said["url"], fields)
        except OSError:
            status, text = 0, ""
        self.answer(200, {"status": status, "text": text})


def now():
    return datetime.datetime.fromisoformat(clock["now"]) if clock["now"] else datetime.datetime.now(datetime.timezone.utc)


def shown(message):
    """A message as Twilio shows it: counts are texts, and a service has no sender of its own."""
    service = message["service"]
    return {"sid": message["sid"], "account_sid": ACCOUNT, "api_version": "2010-04-01", "body": message["body"],
            "direction": "outbound-api", "from": message["from"], "to": message["to"], "messaging_service_sid": service,
            "status": "accepted" if service and message["status"] == "queued" else message["status"], "num_segments": "0" if service else "1", "num_media": "0",
            "date_created": email.utils.format_datetime(message["at"]), "date_sent": email.utils.format_datetime(message["at"]), "error_code": message.get("error_code"), "error_message": None,
            "price": None, "price_unit": "USD", "uri": f"/2010-04-01/Accounts/{ACCOUNT}/Messages/{message['sid']}.json"}


server = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1]) if len(sys.argv) > 1 else 0), Handler)
print(server.server_address[1], flush=True)
server.serve_forever()
