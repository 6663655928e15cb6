"""
Second implementation of the maps of SECURITY.md section 8, written from that page alone: canonical
dag-cbor and the SHA-256 hashes over it (test/vectors/messages.json). Needs Python 3 only.
Run: python3 test/vectors/make-messages.py > test/vectors/messages.json
Byte strings are filled with one byte, given in each map below.
"""
import hashlib
import json


def head(major, n):
    for width, info in ((0, None), (1, 24), (2, 25), (4, 26), (8, 27)):
        if width == 0 and n < 24:
            return bytes([major << 5 | n])
        if width and n < 256**width:
            return bytes([major << 5 | info]) + n.to_bytes(width, "big")
    raise ValueError(n)


def cbor(value):
    if value is None:
        return b"\xf6"
    if isinstance(value, bool):
        return b"\xf5" if value else b"\xf4"
    if isinstance(value, int):
        return head(0, value)
    if isinstance(value, bytes):
        return head(2, len(value)) + value
    if isinstance(value, str):
        return head(3, len(value.encode())) + value.encode()
    if isinstance(value, list):
        return head(4, len(value)) + b"".join(map(cbor, value))
    keys = sorted(value, key=lambda key: (len(key.encode()), key.encode()))
    return head(5, len(keys)) + b"".join(cbor(key) + cbor(value[key]) for key in keys)


def D(label):
    return b"keyward/v1/" + label.encode() + b"\0"


def sha(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def fill(byte, length=32):
    return bytes([byte]) * length


def peer(byte):
    return bytes.fromhex("002408011220") + fill(byte)


OWNER, ACCOUNT = fill(0x11, 20), fill(0x22, 20)
RECORD = fill(0x33)
BIG = 2**53 - 1

content = {
    "v": 1, "owner": OWNER, "recordId": RECORD, "ver": 1, "prev": None, "hdr": fill(0x02, 39),
    "kcom": fill(0x03), "cid": bytes.fromhex("01551220") + fill(0x04), "size": 1040,
    "meta": fill(0x05, 296), "author": ACCOUNT, "created": 1_800_000_000,
}
content_hash = sha(D("content"), cbor(content))
custody = {
    "v": 1, "owner": OWNER, "recordId": RECORD, "ver": 1, "contentHash": content_hash,
    "shareEpoch": 1, "t": 2, "n": 3,
    "shares": [
        {"idx": i, "x": 100 + i, "peer": peer(i), "op": 7 + i, "com": fill(0x60 + i)}
        for i in (1, 2, 3)
    ],
    "standby": [peer(9)],
    "tags": {"chart": fill(0x70), "class": fill(0x71), "level": fill(0x72), "labels": [fill(0x73)],
             "months": [fill(0x74), fill(0x75)]},
    "emergency": True,
    "replicas": [{"peer": peer(1), "addrs": [bytes([4, 127, 0, 0, 1, 6, 15, 161])]}],
}
opening = {
    "granteeKind": 1, "grantee": bytes(12) + ACCOUNT, "scope": fill(0x41), "verFrom": 1,
    "verTo": 4294967295, "purposes": 3, "notBefore": 1_800_000_000, "notAfter": 1_802_592_000,
    "budget": 10, "window": 86400, "salt": fill(0x44),
}
binding = {
    "account": ACCOUNT, "peerId": peer(0x21), "kemKeyHash": fill(0x23), "validFrom": 1_800_000_000,
    "validUntil": 1_802_592_000, "bindingEpoch": 1,
}
request = {
    "v": 1, "want": "share", "chain": 31337, "grants": fill(0x51, 20), "custodian": peer(1),
    "challenge": fill(0x52), "seq": 1, "deadline": 1_800_000_060, "binding": binding,
    "bindingSig": fill(0x53, 65), "owner": OWNER, "recordId": RECORD, "ver": 1, "shareEpoch": 1,
    "opening": opening, "tags": [RECORD], "except": [], "tree": None, "purpose": 0, "hl7": "TREAT",
    "kem": fill(0x54, 1216), "conf": {"n": 990, "h": fill(0x55)}, "emergency": None,
    "sub": None,
}
COLLEAGUE = fill(0x24, 20)
passed_on = {
    **request, "binding": {**binding, "account": COLLEAGUE},
    "sub": {
        "grant": {
            "owner": OWNER, "openingHash": fill(0x91), "version": 1, "delegate": COLLEAGUE,
            "scope": fill(0x92), "verFrom": 1, "verTo": 2, "purposes": 1,
            "notBefore": 1_800_000_000, "notAfter": 1_800_086_400, "budget": 3, "salt": fill(0x93),
        },
        "tags": [RECORD], "except": [fill(0x94)], "delegator": ACCOUNT, "sig": fill(0x95, 65),
    },
}
broken_glass = {
    **request, "tree": fill(0x56, 3), "purpose": 4, "hl7": "BTG",
    "emergency": {"reasonHash": fill(0x57), "epoch": 3,
                  "signers": [{"account": ACCOUNT, "sig": fill(0x58, 65)}]},
}
about = {"v": 1, "salt": fill(0x61), "chain": 31337, "owner": OWNER, "recordId": RECORD, "ver": 1,
         "shareEpoch": 1, "idx": 2}
block = {"n": 990, "h": fill(0x55), "t": 1_800_000_000}
release = {
    **about, "kind": "release", "req": fill(0x62), "want": "share", "account": ACCOUNT,
    "peer": peer(0x21), "grantId": fill(0x63), "sub": None, "purpose": 0, "hl7": "TREAT",
    "emergency": False,
    "code": 0, "conf": block, "head": {**block, "n": 1000},
    "words": {"conf": fill(0x64), "head": fill(0x64)}, "policy": fill(0x65), "ct": fill(0x66),
    "ev": fill(0x67), "count": 1,
}
refuse = {
    **release, "kind": "refuse", "owner": None, "recordId": None, "ver": 0, "shareEpoch": 0,
    "idx": 0, "account": None, "grantId": None, "sub": None, "purpose": None, "hl7": "", "want": "",
    "code": 101, "conf": None, "head": None, "words": None, "ct": None, "ev": None, "count": 7,
}
passed_release = {**release, "account": COLLEAGUE, "sub": fill(0x96)}
ack = {**about, "kind": "ack", "contentHash": content_hash, "custodyHash": fill(0x68),
       "com": fill(0x62), "anchor": fill(0x69), "pinned": True}
destroy = {**about, "kind": "destroy", "com": fill(0x62), "cause": "erase",
           "ref": {"n": 1001, "h": fill(0x6A)}, "backupUntil": None}
body = cbor(release)
link = {"v": 1, "by": peer(1), "seq": 1, "prev": bytes(32), "at": 1_800_000_001,
        "body": sha(D("receipt"), body)}
last_link = {**link, "seq": BIG, "prev": sha(D("link"), cbor(link))}
signed_link = {"b": cbor(link), "s": fill(0x6B, 64)}
answer = {
    "v": 1, "ok": True, "req": sha(cbor(request)), "code": 0, "retryMs": 0, "idx": 2,
    "shareEpoch": 1, "suite": 1, "enc": fill(0x6C, 1120), "ct": fill(0x6D, 81),
    "link": signed_link, "body": body,
}
denied = {**answer, "ok": False, "code": 400, "idx": None, "shareEpoch": None, "suite": None,
          "enc": None, "ct": None, "body": None}
wish = {
    "v": 1, "id": fill(0x81), "owner": OWNER, "account": ACCOUNT, "name": "Dr. Ruth Ädler",
    "purposes": 3, "hl7": "TREAT", "scope": {"records": [RECORD], "classes": ["Observation"]},
    "verFrom": 1, "verTo": 4294967295, "notAfter": 1_802_592_000, "reason": "second opinion",
    "reply": [{"peer": peer(1), "addrs": []}], "at": 1_800_000_000,
}
reply = {"v": 1, "wish": fill(0x81), "verdict": "denied", "reason": "", "capsule": None,
         "grantId": None, "at": 1_800_000_002}

maps = {
    "content": content, "custody": custody, "request": request, "emergency": broken_glass,
    "passedOn": passed_on, "passedRelease": passed_release,
    "release": release, "refuse": refuse, "ack": ack, "destroy": destroy, "link": link,
    "lastLink": last_link, "answer": answer, "denied": denied, "wish": wish, "reply": reply,
}
print(json.dumps({
    "made by": "test/vectors/make-messages.py",
    "maps": {name: cbor(value).hex() for name, value in maps.items()},
    "hashes": {
        "contentHash": content_hash.hex(),
        "custodyHash": sha(D("custody-map"), cbor(custody)).hex(),
        "requestHash": sha(cbor(request)).hex(),
        "bodyHash": sha(D("receipt"), body).hex(),
        "linkHash": sha(D("link"), cbor(link)).hex(),
    },
    "export": cbor([{"link": signed_link, "body": body}, {"link": signed_link, "body": None}]).hex(),
}, indent=1))
