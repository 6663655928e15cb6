"""
Second implementation of the formats of SECURITY.md sections 4-6, written from that page alone: it
makes the golden bytes that the TypeScript has to give (test/vectors/formats.json). Needs Python 3
and `cryptography`. Run: python3 test/vectors/make.py > test/vectors/formats.json
"""
import hashlib
import hmac
import json
import struct

from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


def D(label):
    return b"keyward/v1/" + label.encode() + b"\0"


def u32(n):
    return n.to_bytes(4, "big")


def sha(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def mac(key, *parts):
    return hmac.new(key, b"".join(parts), hashlib.sha256).digest()


def expand(prk, info, length):
    out, block, i = b"", b"", 1
    while len(out) < length:
        block = mac(prk, block, info, bytes([i]))
        out, i = out + block, i + 1
    return out[:length]


def hkdf(ikm, salt, info, length):
    return expand(mac(salt, ikm), info, length)


def hchacha(key, nonce):
    state = list(struct.unpack("<16I", b"expand 32-byte k" + key + nonce))

    def quarter(a, b, c, d):
        for x, y, z, turn in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
            state[x] = (state[x] + state[y]) & 0xFFFFFFFF
            mixed = state[z] ^ state[x]
            state[z] = ((mixed << turn) | (mixed >> (32 - turn))) & 0xFFFFFFFF

    for _ in range(10):
        for q in ((0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15),
                  (0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14)):
            quarter(*q)
    return struct.pack("<8I", *state[:4], *state[12:])


def xseal(key, nonce, plain, aad):
    return ChaCha20Poly1305(hchacha(key, nonce[:16])).encrypt(bytes(4) + nonce[16:], plain, aad)


def cbor(value):
    def head(major, n):
        if n < 24:
            return bytes([major << 5 | n])
        for code, width in ((24, 1), (25, 2), (26, 4), (27, 8)):
            if n < 256 ** width:
                return bytes([major << 5 | code]) + n.to_bytes(width, "big")
    if value is None:
        return b"\xf6"
    if isinstance(value, int):
        return head(0, value)
    if isinstance(value, bytes):
        return head(2, len(value)) + value
    if isinstance(value, str):
        return head(3, len(value.encode())) + value.encode()
    items = sorted(value.items(), key=lambda kv: (len(kv[0].encode()), kv[0].encode()))
    return head(5, len(items)) + b"".join(cbor(k) + cbor(v) for k, v in items)


def padme(length):
    length = max(length, 1024)
    e = length.bit_length() - 1
    step = 1 << (e - e.bit_length())
    return -(-length // step) * step


def container(name, content, flags, owner_secret, meta):
    hdr = b"KWD1" + bytes([1, flags, 16]) + b"\2" * 32
    k = hkdf(b"\1" * 32 + owner_secret, hdr[7:39], D("root") + hdr[:7], 32)
    kx = {x: expand(k, D(x), 32) for x in ("payload", "commit", "meta")}
    padded = content + bytes(padme(len(content)) - len(content))
    chunks = [padded[i:i + 65536] for i in range(0, len(padded), 65536)]
    payload = b"".join(
        ChaCha20Poly1305(kx["payload"]).encrypt(
            i.to_bytes(11, "big") + bytes([i == len(chunks) - 1]), chunk, b"")
        for i, chunk in enumerate(chunks))
    encoded = cbor({**meta, "length": len(content), "sha256": sha(content)})
    plain = u32(len(encoded)) + encoded
    plain += bytes(-len(plain) % 256)
    sealed_meta = b"\4" * 24 + xseal(kx["meta"], b"\4" * 24, plain, hdr)
    kcom = mac(kx["commit"], hdr)
    file = hdr + kcom + u32(len(sealed_meta)) + sealed_meta + payload
    out = {
        "name": name, "sealed": flags == 1, "length": len(content), "meta": meta,
        "contentSha256": sha(content).hex(), "hdr": hdr.hex(), "K": k.hex(), "kcom": kcom.hex(),
        "size": len(payload), "payloadSha256": sha(payload).hex(),
        "sealedMeta": sealed_meta.hex(), "kwdSha256": sha(file).hex(),
    }
    if len(payload) < 2048:
        out["payload"] = payload.hex()
    return out


def pattern(length):
    """Byte i is i * 167 >> 3, so no two chunks are alike."""
    return bytes((i * 167 >> 3) & 255 for i in range(length))


def main():
    root = bytes(range(32))
    chart = expand(root, D("chart-key") + u32(0), 32)
    record, salt_seed, share, ck = b"\x33" * 32, b"\x07" * 32, b"\x06" * 33, b"\x08" * 32
    ids = record + u32(1) + u32(1) + b"\x01"
    ctx = (31337).to_bytes(8, "big") + b"\xaa" * 20 + b"\x11" * 20
    peer = lambda b: bytes.fromhex("002408011220") + bytes([b]) * 32
    text = {"name": "letter.txt", "mime": "text/plain", "fhir": None}
    fhir = {"name": "Befund ü.json", "mime": "application/fhir+json", "fhir": "Observation"}
    vectors = {
        "made": "by test/vectors/make.py; inputs are repeated bytes as named there",
        "keys": {
            "root": root.hex(),
            "peerSeed": expand(root, D("peer"), 32).hex(),
            "kemSeed": expand(root, D("kem"), 32).hex(),
            "storeKey": expand(root, D("store"), 32).hex(),
            "charts": [{
                "chart": c,
                "accountKey": (1 + int.from_bytes(expand(root, D("owner") + u32(c), 48), "big")
                               % (ORDER - 1)).to_bytes(32, "big").hex(),
                "chartKey": expand(root, D("chart-key") + u32(c), 32).hex(),
            } for c in (0, 1, 2**32 - 1)],
            "tags": [{"dimension": d, "value": v,
                      "tag": mac(chart, D("tag"), d.encode(), b"\0", v.encode()).hex()}
                     for d, v in (("month", "2026-11"), ("class", "Observation"), ("label", "ü"))],
        },
        "shares": {
            "salt": mac(salt_seed, D("share-salt"), b"\x01").hex(),
            "com": sha(D("share-commit"), ids, b"\x05" * 32, share).hex(),
            "env": (b"\x09" * 24 + xseal(ck, b"\x09" * 24, salt_seed + share, ids)).hex(),
        },
        "infos": {
            "share": (D("share") + ctx + record + u32(1) + b"\x44" * 32 + u32(2) + b"\x03"
                      + peer(0x55) + peer(0x66) + b"\x77" * 32 + (5).to_bytes(8, "big")).hex(),
            "custody": (D("custody") + ctx + peer(0x55) + u32(9)).hex(),
            "capsule": (D("capsule") + ctx + b"\x44" * 32 + b"\x88" * 32).hex(),
            "inbox": (D("inbox") + ctx + b"\x88" * 32).hex(),
        },
        "padme": [[n, padme(n)] for n in (
            0, 1, 1023, 1024, 1025, 1088, 1089, 4095, 65535, 65536, 65537, 69632, 69633, 131072,
            262144, 10**6, 2**31, 2**32 - 1, 2**32, 2**32 + 1, 2**39 + 12345, 2**40 - 1, 2**40)],
        "containers": [
            container("the known answer", b"Keyward", 0, bytes(32), text),
            container("sealed mode", b"Keyward", 1, b"\3" * 32, fhir),
            container("empty", b"", 0, bytes(32), text),
            container("a byte more than padme's step", pattern(1025), 0, bytes(32), fhir),
            container("one chunk, no padding", pattern(65536), 0, bytes(32), text),
            container("padding makes a second chunk", pattern(65537), 0, bytes(32), text),
            container("four chunks, no padding", pattern(262144), 1, b"\3" * 32, text),
            container("seventeen chunks", pattern(1100000), 0, bytes(32), text),
        ],
    }
    print(json.dumps(vectors, indent=1, ensure_ascii=False))


main()
