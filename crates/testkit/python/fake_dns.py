"""A DNS server for tests: answers over UDP and TCP from a zone that is posted to it line by line.

    python3 fake_dns.py       prints its port

Each line of standard input adds a record, `NAME TYPE VALUE` as in a zone file (`_dmarc.acme.example TXT "v=DMARC1; p=none"`);
`clear` takes all away, `silent` answers nothing from then on. After each line it prints `ok`.
"""

import socket
import socketserver
import struct
import sys
import threading

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

records, silent = [], threading.Event()
UDP_BYTES = 512


def answer(wire):
    query = dns.message.from_wire(wire)
    response = dns.message.make_response(query, recursion_available=True)
    question = query.question[0]
    name = question.name.to_text(omit_final_dot=True).lower()
    kind = dns.rdatatype.to_text(question.rdtype)
    found = [value for owner, type_, value in records if owner == name and type_ == kind]
    if found:
        response.answer.append(dns.rrset.from_text(question.name, 60, "IN", kind, *found))
    elif not any(owner == name for owner, _, _ in records):
        response.set_rcode(dns.rcode.NXDOMAIN)
    return response


class Udp(socketserver.BaseRequestHandler):
    def handle(self):
        wire, sock = self.request
        if silent.is_set():
            return
        response = answer(wire)
        out = response.to_wire()
        if len(out) > UDP_BYTES:
            response.answer, response.flags = [], response.flags | dns.flags.TC
            out = response.to_wire()
        sock.sendto(out, self.client_address)


class Tcp(socketserver.BaseRequestHandler):
    def handle(self):
        while head := self.request.recv(2):
            if silent.is_set():
                return
            length = struct.unpack("!H", head)[0]
            wire = b""
            while len(wire) < length:
                wire += self.request.recv(length - len(wire))
            out = answer(wire).to_wire()
            self.request.sendall(struct.pack("!H", len(out)) + out)


def bound():
    while True:
        udp = socketserver.ThreadingUDPServer(("127.0.0.1", 0), Udp)
        try:
            tcp = socketserver.ThreadingTCPServer(udp.server_address, Tcp)
            return udp, tcp
        except OSError:
            udp.server_close()


servers = bound()
for server in servers:
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
print(servers[0].server_address[1], flush=True)
for line in sys.stdin:
    line = line.strip()
    if line == "clear":
        records.clear()
    elif line == "silent":
        silent.set()
    elif line:
        owner, type_, value = line.split(" ", 2)
        records.append((owner.lower(), type_, value))
    print("ok", flush=True)
