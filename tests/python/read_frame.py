#!/usr/bin/env python3
"""Reads a snapfold frame with nothing but a stock CBOR library (docs/format.md, section 2).
Usage: read_frame.py FILE [KEY_ID=SECRET_IN_HEX …]"""
import hashlib
import hmac
import sys

import cbor2

FIELDS = {
    1: "name", 2: "version", 3: "stream id", 4: "position", 5: "event count", 6: "anchor", 7: "taken at", 8: "payload type",
    9: "compression", 10: "raw length", 11: "stored length", 12: "payload digest", 13: "state digest", 14: "key id",
    15: "floor", 16: "fence", 17: "metadata", 18: "fold digest", 19: "history",
}


def read_frame(frame, keys=None):
    """The verified header by field number, and the payload as it is stored."""
    if frame[:10] != b"\x89SNF\r\n\x1a\n\x00\x01":
        raise ValueError("no frame of format version 1")
    end = 14 + int.from_bytes(frame[10:14], "big")
    header, signed = cbor2.loads(frame[14:end]), b"snapfold.header.1\0" + frame[:end]
    if (14 in header) != bool(keys):
        raise ValueError("signed, but no keys are given; or the other way round")
    digest = hmac.digest(keys[header[14]], signed, "sha256") if keys else hashlib.sha256(signed).digest()
    if not hmac.compare_digest(digest, frame[end:end + 32]):
        raise ValueError("the header digest differs")
    payload = frame[end + 32:]
    if len(payload) != header[11] or hashlib.sha256(payload).digest() != header[12]:
        raise ValueError("the payload differs")
    return header, payload


if __name__ == "__main__":
    secrets = dict(argument.split("=", 1) for argument in sys.argv[2:])
    with open(sys.argv[1], "rb") as file:
        header, _ = read_frame(file.read(), {name: bytes.fromhex(secret) for name, secret in secrets.items()})
    for number, value in {**header, 13: header.get(13, header[12])}.items():
        print(f"{FIELDS.get(number, number)}: {value.hex() if isinstance(value, bytes) else value}")
