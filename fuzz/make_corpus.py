#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Writes the seed inputs of the fuzz targets into the folder given, one folder a target."""
import json
import os
import random
import struct
import sys

random.seed(1)


def write(target, name, data):
    folder = os.path.join(sys.argv[1], target)
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, name), "wb") as f:
        f.write(data)


def ack(path=0, largest=5, ranges=((0, 3),), times=((3, 0),)):
    out = struct.pack(">BBII", 2, path, largest, 12345) + b"\x40\x64"
    out += bytes([len(ranges), len(times), ranges[0][1]])
    for gap, length in ranges[1:]:
        out += bytes([gap, length])
    out += bytes([times[0][0]])
    for count, back in times[1:]:
        out += bytes([count, back])
    return out


def status(path=0, sequence=9, use=0, name=b"dsl"):
    return struct.pack(">BBIBBHB", 5, path, sequence, use, 10, 1472, len(name)) + name


PING = b"\x01"
CHALLENGE = b"\x03abcdefgh"
RESPONSE = b"\x04abcdefgh"
CLOSE = b"\x06\x00"
FRAMES = {
    "ping": PING,
    "padded-ping": PING + bytes(1200),
    "ack": ack(),
    "ack-ranges": ack(1, 900, ((0, 1), (2, 3), (1, 9)), ((2, 0), (3, 40), (1, 9))),
    "challenge": CHALLENGE,
    "response": RESPONSE,
    "status": status(),
    "status-down": status(3, 10, 2, b""),
    "close": CLOSE,
    "several": PING + b"\0\0" + CHALLENGE + status() + ack() + PING,
    "unknown": b"\x08\x08",
    "cut": ack()[:9],
}


def data(lane, sequence, payload, flags=0):
    return struct.pack(">BHI", 0x80 | flags, lane, sequence) + b"\1\2\3" + payload


def packet_frame(frame):
    size = len(frame) - 10
    return b"\x07" + (bytes([size]) if size < 64 else struct.pack(">H", 0x4000 | size)) + frame


def ipv4(protocol, payload, source=(10, 77, 0, 2), target=(10, 77, 0, 1), flags=0x4000):
    head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(payload), 1, flags, 64, protocol, 0)
    return head + bytes(source) + bytes(target) + payload


def ipv6(protocol, payload):
    head = struct.pack(">IHBB", 6 << 28, len(payload), protocol, 64)
    return head + b"\xfd\x77" + bytes(13) + b"\2" + b"\xfd\x77" + bytes(13) + b"\1" + payload


def udp(payload):
    return struct.pack(">HHHH", 1000, 53, 8 + len(payload), 0) + payload


def tcp(payload, flags=0x10):
    return struct.pack(">HHIIBBHHH", 1000, 443, 7, 9, 0x50, flags, 500, 0, 0) + payload


INNER = {
    "udp4": ipv4(17, udp(b"hello")),
    "tcp4": ipv4(6, tcp(b"x" * 100)),
    "tcp4-ack": ipv4(6, tcp(b"")),
    "tcp4-syn": ipv4(6, tcp(b"", 2)),
    "icmp4": ipv4(1, b"\x08\0\0\0\0\1\0\1"),
    "fragment4": ipv4(17, udp(b"frag"), flags=0x2000),
    "later-fragment4": ipv4(17, b"x" * 40, flags=0x0010),
    "udp6": ipv6(17, udp(b"hello")),
    "tcp6": ipv6(6, tcp(b"y" * 100)),
    "extended6": ipv6(0, bytes([6, 0]) + bytes(6) + tcp(b"z")),
    "fragment6": ipv6(44, bytes([17, 0, 0, 1, 0, 0, 0, 5]) + udp(b"f")),
    "short": b"\x45\0\0",
    "not-ip": b"\x10" + bytes(40),
}

FRAMES["report-ask"] = b"\x09\x05"
FRAMES["report"] = (
    b"\x0a\x0c\x03\x050.1.0\x02" + b"\0\0\x02\x80\0\x26\x48\0\x0a\x40\x64" + b"\x03\x01\x07\0\0\0\0"
)
FRAMES["report-cut"] = FRAMES["report"][:-1]
FRAMES["accepted"] = b"\x0b\0\0\0\x01\x03" + b"\x04\x18\x0a\x4d\0" + b"\x04\0" + b"\x06\x10\xfd\x77"
FRAMES["rate-limit"] = b"\x0c\0\0\0\x01\x80\0\x4e\x20"
FRAMES["rate-limit-none"] = b"\x0c\0\0\0\x02\0"
FRAMES["accepted-none"] = b"\x0b\0\0\0\x02\0"
FRAMES["accepted-host-bits"] = b"\x0b\0\0\0\x03\x01\x04\x09\x0a\x40"
FRAMES["packet"] = packet_frame(data(0, 1, INNER["tcp4-ack"]))
FRAMES["packets"] = ack() + packet_frame(data(0, 1, INNER["udp4"])) + packet_frame(data(0, 2, INNER["tcp6"]))
FRAMES["packets-cut"] = FRAMES["packets"][:-1]
FRAMES["packet-empty"] = packet_frame(data(0, 1, b""))
FRAMES["packet-of-packets"] = packet_frame(FRAMES["packet"])

(RAW, SEALED, TIME, TUN, ROAM, TURN, TALK, OTHER_TUN, RESTART, RECONFIGURE, LINK, WISH, POLICIES, POLICY_TUN,
 SUPER, FAIL, UNREACHABLE, LOSE, AGAIN, LOOK) = range(20)


def step(kind, payload=b""):
    return struct.pack(">BH", kind, len(payload)) + payload


def sealed(plain, path=0):
    return step(SEALED, bytes([path]) + plain)


def core_seeds():
    yield "nothing", b""
    for name, plain in FRAMES.items():
        yield "frame-" + name, sealed(plain) + step(TIME, b"\x0a") + sealed(plain, 1)
    for name, packet in INNER.items():
        yield "inner-" + name, sealed(data(0, 1, packet)) + sealed(data(7, 0, packet)) + step(TUN, packet)
    packet = INNER["tcp4"]
    yield "fragments", sealed(data(3, 0, packet[:50], 2)) + sealed(data(3, 1, packet[50:], 4))
    yield "fragments-reversed", sealed(data(3, 1, packet[50:], 4)) + sealed(data(3, 0, packet[:50], 2))
    yield "reordered", b"".join(sealed(data(5, n, packet), n % 3) for n in (0, 3, 1, 2, 9, 4)) + step(TIME, b"\x40")
    yield "far-sequence", sealed(data(5, 0, packet)) + sealed(data(5, 0xFFFFFFF0, packet)) + step(TIME, b"\xff")
    yield "roaming", sealed(PING) + step(ROAM) + sealed(PING) + step(TIME, b"\x20") + sealed(CHALLENGE)
    yield "close-and-on", sealed(CLOSE) + step(TUN, packet) + step(TIME, b"\xff") * 4
    yield "traffic", b"".join(step(TUN, packet) + step(TIME, b"\x02") for _ in range(20)) + sealed(ack(0, 20))
    yield "silence", step(TUN, packet) + step(TIME, b"\xff") * 20
    talk = step(TALK, b"\x1f")
    second = step(LINK, b"\1\x10") + talk
    yield "client", step(TURN) + b"".join(sealed(plain) for plain in FRAMES.values()) + talk
    yield "talk", second + b"".join(step(OTHER_TUN, p) + step(TUN, p) for p in INNER.values()) + talk * 2
    yield "restart-server", step(RESTART, b"\0") + step(OTHER_TUN, packet) + (talk + step(TIME, b"\x28")) * 4
    yield "restart-client", second + step(RESTART, b"\1") + talk + step(TUN, packet) + talk
    yield "rekey", second + (step(TIME, b"\xff") + talk + step(OTHER_TUN, packet) + talk) * 5
    for bits in (1, 2, 3, 4, 8, 0x84, 0x88):
        yield "reconfigure-%x" % bits, talk + step(RECONFIGURE, bytes([bits])) + talk + step(TUN, packet) + talk + step(RECONFIGURE, b"\0") + talk
    for bits in (1, 2, 4, 8, 16, 32, 64):
        yield "link-%d" % bits, second + step(LINK, bytes([0, bits])) + step(OTHER_TUN, packet) + talk + step(LINK, b"\0\0") + talk + step(LOOK)
    yield "wish", second + b"".join(step(WISH, bytes([use]) + b"lte") + talk for use in (1, 2, 0)) + step(WISH, b"\1none") + step(LOOK)
    yield "policies", step(TURN) + second + step(POLICIES, bytes([0, 5, 0x2A, 0x33, 0x40])) + b"".join(step(POLICY_TUN, bytes([n]) + packet) + talk for n in range(1, 6)) + step(LOOK)
    yield "super", second + step(SUPER, b"\x14\xff\1") * 3 + talk + step(TURN) + step(SUPER, b"\x3f\x10\x1f") + talk
    yield "lossy", second + step(LOSE, b"\x11\x20\x42\x08") + (step(SUPER, b"\x14\x40\1") + talk) * 6
    yield "fails", second + b"".join(step(FAIL, bytes([3, n])) + step(SUPER, b"\x04\xff\1") + talk for n in range(5)) + step(UNREACHABLE) + talk
    yield "deaf", step(LOSE, b"\xff" * 4) + step(OTHER_TUN, packet) + (talk + step(TIME, b"\x50")) * 5 + step(LOSE, bytes(4)) + talk * 3
    yield "again", step(RESTART, b"\1") + step(TALK, b"\1") + b"".join(step(AGAIN, bytes([n, 0, 0])) + step(AGAIN, bytes([n, 40, 1])) for n in range(8)) + talk
    yield "roaming-talk", step(OTHER_TUN, packet) + talk + step(ROAM) + step(OTHER_TUN, packet) + talk * 2 + step(TUN, packet) + talk
    for kind, size in ((1, 160), (2, 104), (3, 64), (4, 80)):
        yield "raw-%d" % kind, step(RAW, bytes([kind, 0, 0, 0]) + random.randbytes(size - 4))


for label, plain in FRAMES.items():
    write("wire", label, plain)
write("wire", "data", data(5, 6, b"x"))
for kind, size in ((1, 160), (2, 104), (3, 64)):
    write("wire", "message-%d" % kind, bytes([kind, 0, 0, 0]) + random.randbytes(size - 4))
write("wire", "transport", bytes([4, 3]) + random.randbytes(60))
write("wire", "welcome-refusal", b"epochabc" + bytes([1, 0, 5, 2]))
write("wire", "hello", b"\x40" + bytes(11) + b"epochabc" + bytes([1, 3, 1, 5]))
write("wire", "welcome", b"epochabc" + bytes([1, 2, 5, 0]))
for label, packet in INNER.items():
    gso = {"tcp4": (0, 40), "tcp6": (1, 60), "udp4": (2, 28), "udp6": (3, 48)}.get(label, (0, 20))
    write("ip", label, bytes([gso[0], gso[1], 2, 20 if "4" in label else 40]) + packet)
for label, steps in core_seeds():
    write("core", label, steps)
for label, line in {
    "status": b'{"cmd":"status"}\n',
    "link": b'{"cmd":"link","link":"dsl","state":"down"}\n',
    "reload": b'{"cmd":"reload"}',
    "extra": b'{"cmd":"status","x":1}\n',
    "twice": b'{"cmd":"status","cmd":"reload"}\n',
    "array": b"[1,2,3]\n",
    "deep": b"[" * 500,
    "escape": b'{"cmd":"link","link":"\\u0000","state":"up"}\n',
    "long-name": b'{"cmd":"link","link":"' + b"a" * 16 + b'","state":"up"}\n',
    "empty": b"",
    "number": b'{"cmd":7}',
}.items():
    write("control", label, line)
KEY = b"QEFCQ0RFRkdISUpLTE1OT1BRUlNUVVZXWFlaW1xdXl8="
CLIENT = b"""[tunnel]
private-key = %s
address = 10.77.0.2/24, fd77::2/64
[peer vps]
public-key = %s
endpoint = vps.example.net:4297
endpoint = [2001:db8::1]:4297
allowed-ips = 0.0.0.0/0, ::/0
[link dsl]
interface = eth1
max-up = 20mbit
[link lte]
interface = wwan0
role = standby
""" % (KEY, KEY.replace(b"Q", b"R", 1))
for label, text in {
    "client": CLIENT,
    "server": b"[tunnel]\nprivate-key = " + KEY + b"\naddress = 10.77.0.1/24\nlisten = 4297\nnat = yes\n"
              b"[peer home]\npublic-key = " + KEY + b"\nallowed-ips = 10.77.0.2/32\n",
    "unknown-key": CLIENT + b"speed = 5\n",
    "unknown-section": b"[tunel]\n",
    "no-section": b"address = 1\n",
    "duplicate": CLIENT + CLIENT,
    "comment": b"# nothing\n; else\n",
    "empty": b"",
    "no-newline": b"[tunnel]\naddress = 10.0.0.1/33",
    "long-line": b"[tunnel]\nhook = " + b"/" * 5000,
    "binary": bytes(range(256)),
    "policy": CLIENT + b"[policy calls]\nmatch = \"udp port 5060\"\ndscp = ef, cs1, 46\nlinks = dsl\n"
              b"fallback = no\nmode = redundant\nclass = realtime\n[policy x]\nmode = single\n",
    "bad-policy": CLIENT + b"[policy a]\nmatch = host x\n[policy b]\nmatch = (\ndscp = af14\n",
    "bad-values": b"[tunnel]\nmtu = 7\nnat = perhaps\nlisten = 99999\ncipher = rot13\n[link x]\nmax-up = -1mbit\n",
}.items():
    write("config", label, text)


def match(left, right, op="=="):
    return {"match": {"op": op, "left": left, "right": right}}


def name(key):
    return {"meta": {"key": key}}


def field(protocol, key):
    return {"payload": {"protocol": protocol, "field": key}}


def base(hook, policy="drop", family="inet", prio=0):
    return {"chain": {"family": family, "table": "t", "name": hook, "type": "filter", "hook": hook,
                      "prio": prio, "policy": policy}}


def rule(chain, *expr, family="inet"):
    return {"rule": {"family": family, "table": "t", "chain": chain, "expr": list(expr)}}


ACCEPT, DROP = {"accept": None}, {"drop": None}
for label, items in {
    "policy": [base("forward"), base("input")],
    "interface": [base("forward"), rule("forward", match(name("iifname"), "hawser0"), ACCEPT),
                  rule("forward", match({"ct": {"key": "state"}}, ["established", "related"], "in"), ACCEPT)],
    "jump": [base("forward", "accept"), {"chain": {"family": "inet", "table": "t", "name": "c"}},
             rule("forward", {"jump": {"target": "c"}}), rule("c", {"goto": {"target": "c"}}), rule("c", {"reject": None})],
    "ports": [base("input"), rule("input", match(field("udp", "dport"), {"set": [53, {"range": [4000, 4999]}]}), ACCEPT)],
    "address": [base("forward"), rule("forward", match(field("ip", "saddr"), {"prefix": {"addr": "10.77.0.0", "len": 24}}, "!="), DROP)],
    "maps": [base("forward"), {"map": {"family": "inet", "table": "t", "name": "m", "elem": [["*", ACCEPT]]}},
             rule("forward", {"vmap": {"key": name("iifname"), "data": "@m"}}),
             rule("forward", match({"concat": [name("iifname"), name("oifname")]}, {"set": [{"concat": ["a", "b"]}]}), DROP)],
    "undecided": [base("forward"), rule("forward", {"xt": None}, ACCEPT), rule("forward", {"limit": {}}, {"return": None}), rule("forward", DROP)],
    "families": [base("forward", family="ip"), base("forward", family="ip6", prio=-5), rule("forward", {"fib": 1}, DROP, family="ip6")],
}.items():
    write("firewall", label, json.dumps({"nftables": items}).encode())
for label, rules in {
    "save": b"-A INPUT -i lo -j ACCEPT\n-A INPUT -p udp -m multiport --dports 53,4000:4999 -j ACCEPT\n-A FORWARD -j DOCKER-USER\n",
    "save-negated": b"-A FORWARD ! -i hawser+ ! -s 10.0.0.0/8 -j DROP\n-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n",
    "save-quoted": b"-A FORWARD -m comment --comment \"a \\\"b\" -j ACCEPT\n-A FORWARD -m recent --set -g DOCKER-USER\n-A FORWARD -p",
}.items():
    write("firewall", label, b"*filter\n:INPUT DROP [0:0]\n:FORWARD DROP [0:0]\n:DOCKER-USER - [0:0]\n" + rules + b"COMMIT\n")

ADDRESS = bytes([4, 0, 0, 0, 0, 0, 0, 192, 0, 2, 1]) + bytes(12)
for label, answer in {
    "found": bytes([1, 3, 7]) + ADDRESS,
    "found-by-the-system": bytes([1, 32, 0, 6, 0, 0, 0, 0, 0, 0]) + bytes(range(16)),
    "with-a-port": bytes([1, 3, 7, 4, 0, 53]) + ADDRESS[3:],
    "nothing": bytes([2, 0, 1, 4]),
    "unbound": bytes([3, 31, 0, 0, 0, 1]),
    "no-type": bytes([0, 0]),
    "short": bytes([1, 3, 7, 4]),
    "empty": b"",
}.items():
    write("lookup", label, answer)

# Guard and engine: a byte for the side, steps. What an engine may say is taken from msg.
(SETTLE, ENGINE_TURN, GUARD_TURN, ENGINE_SAYS, GUARD_SAYS, PEER_SAYS, PASS, KILL, HANG, RELOAD, NETWORK, FAILURES,
 ANSWER, CHOOSE, ASK_RELOAD, CONVERSE, BYTES, DEVICE, PROBLEMS) = range(19)
GOOD = 1 | 2 | 4 | 8 | 32
OF_ENGINE = ("accepted", "choose", "mtu", "path-slow", "path-state", "peer-mtu", "same-key", "peer-state", "pong",
             "ready", "reload", "resolve", "usage")


def guard_seeds():
    settle, later = step(SETTLE), step(PASS, b"\x20")
    start = settle + step(CONVERSE, b"\x3f") * 2 + settle
    yield "start", b"\0" + start + later + settle
    for side in (b"\0", b"\1"):
        yield "reload-at-start-%d" % side[0], side + step(RELOAD, b"\1") + settle
        for config in range(6):
            yield "reload-%d-%d" % (side[0], config), side + start + step(RELOAD, bytes([config])) + start + later + settle + step(RELOAD, b"\0") + settle
        yield "killed-%d" % side[0], side + start + step(KILL) + later * 3 + start + later
        yield "hangs-%d" % side[0], side + start + step(HANG) + (step(RELOAD, b"\2") + step(PASS, b"\xff")) * 8
        yield "network-%d" % side[0], side + start + b"".join(step(NETWORK, bytes([bits, GOOD ^ bits])) + settle for bits in (GOOD, 0, 1, 3, 7, GOOD | 16, GOOD | 64)) + later
        yield "failures-%d" % side[0], side + start + b"".join(step(FAILURES, bytes([bits])) + later + settle for bits in (1, 2, 4, 5, 6, 0)) + later
    yield "killed-without-socket", b"\0" + start + step(FAILURES, b"\1") + step(NETWORK, bytes([GOOD | 64, GOOD])) + settle + step(KILL) + step(PASS, b"\1") + settle + step(NETWORK, bytes([GOOD, GOOD | 64])) + settle + step(KILL) + step(PASS, b"\x16") + later
    yield "choose", b"\0" + start + b"".join(step(CHOOSE, bytes([state, peer, link])) + settle for state in range(4) for peer in range(3) for link in range(3))
    yield "ask-reload", b"\0" + start + step(ASK_RELOAD) + settle + later + settle
    yield "quota", b"\0" + step(RELOAD, b"\1") + start + (step(BYTES, b"\0\x20\0") + step(PASS, b"\x40") + settle) * 4
    for answer in (bytes([1, 0, 0]) + ADDRESS, bytes([2, 0, 0, 4]), bytes([1, 32, 0]) + ADDRESS, bytes([3, 0, 0, 0, 0, 1])):
        yield "look-up-%d-%d" % (answer[0], answer[1]), b"\0" + step(RELOAD, b"\1") + later + settle + step(ANSWER, b"\0" + answer) + step(ANSWER, b"\1" + answer) + settle + step(ANSWER, b"\0") + later + settle
    yield "policies", b"\0" + step(RELOAD, b"\2") + start + step(DEVICE, INNER["udp4"]) + step(DEVICE, INNER["fragment4"]) + step(CONVERSE, b"\x20") + settle
    yield "problems", b"\0" + start + step(PROBLEMS, b"rule") + settle + step(PROBLEMS, b"another") + step(PROBLEMS) + settle
    folder = os.path.join(sys.argv[1], "msg")
    for name in sorted(os.listdir(folder)):
        with open(os.path.join(folder, name), "rb") as f:
            message = f.read()
        if name not in OF_ENGINE[1:]:
            yield "guard-" + name, b"\0" + start + step(GUARD_SAYS, b"\0" + message) + settle + step(GUARD_SAYS, b"\1" + message) + settle
        if name not in OF_ENGINE + ("link",):
            continue
        yield "engine-" + name, b"\0" + step(ENGINE_SAYS, message) + start + step(ENGINE_SAYS, message) * 2 + settle + later * 4 + settle
        if len(message) >= 33:
            about = step(PEER_SAYS, message[:1] + b"\0" + message[33:])
            yield "peer-" + name, b"\0" + start + about + settle + step(RELOAD, b"\4") + settle + about + step(RELOAD, b"\0") + settle + step(KILL) + later * 4


if os.path.isdir(os.path.join(sys.argv[1], "msg")):
    for label, steps in guard_seeds():
        write("guard", label, steps)
