#!/usr/bin/env python3
"""Writes frames.json, frames-refused.json and keys.json from the prose of docs/format.md, sections 2 and 3.

Standard library only, and nothing of this project: a second reading of the format. Run it in this folder; it prints nothing
and must leave the files as they are unless the format or the list of cases below has changed.
"""
import hashlib
import json
import struct

MAGIC = b"\x89SNF\r\n\x1a\n"
SAFE = 2**53 - 1
PAYLOAD = bytes.fromhex("a2616201616102")  # {b: 1, a: 2}


def sha256(data):
    return hashlib.sha256(data).digest()


# CBOR: the little that headers need

def head(major, argument):
    for info, size in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if argument < 24:
            return bytes([major << 5 | argument])
        if argument < 1 << (8 * size):
            return bytes([major << 5 | info]) + argument.to_bytes(size, "big")
    raise ValueError(argument)


def uint(value):
    return head(0, value)


def integer(value):
    return head(0, value) if value >= 0 else head(1, -1 - value)


def text(value):
    data = value.encode()
    return head(3, len(data)) + data


def blob(value):
    return head(2, len(value)) + value


def number(value):
    if value == int(value) and abs(value) <= SAFE:
        return integer(int(value))
    for form, first in ((">e", 0xF9), (">f", 0xFA), (">d", 0xFB)):
        try:
            packed = struct.pack(form, value)
        except OverflowError:
            continue
        if struct.unpack(form, packed)[0] == value:
            return bytes([first]) + packed
    raise ValueError(value)


def value(note):
    """A value in the notation of README.md."""
    if note is None:
        return b"\xf6"
    if isinstance(note, bool):
        return b"\xf5" if note else b"\xf4"
    if isinstance(note, int):
        return integer(note)
    if isinstance(note, str):
        return text(note)
    if isinstance(note, list):
        return head(4, len(note)) + b"".join(map(value, note))
    kind = note["$"]
    if kind == "undefined":
        return b"\xf7"
    if kind == "number":
        return number(float(note["v"]))
    if kind == "bytes":
        return blob(bytes.fromhex(note["hex"]))
    if kind == "date":
        return head(6, 1) + number(note["ms"] / 1000)
    if kind == "bigint":
        return bigint(int(note["v"]))
    if kind == "object":
        return entries(note["v"])
    if kind == "set":
        return head(6, 258) + value(note["v"])
    if kind == "map":
        return head(6, 36992) + value(note["v"])
    raise ValueError(kind)


def bigint(whole):
    if abs(whole) > SAFE and -(2**64) <= whole < 2**64:
        return integer(whole)
    magnitude = whole if whole >= 0 else -1 - whole
    return head(6, 2 if whole >= 0 else 3) + blob(magnitude.to_bytes((magnitude.bit_length() + 7) // 8, "big"))


def entries(pairs):
    return head(5, len(pairs)) + b"".join(text(key) + value(item) for key, item in pairs)


# Frames

def fields_of(header, media_type, payload):
    fields = {
        1: text(header["name"]),
        2: uint(header["version"]),
        3: text(header["streamId"]),
        4: uint(int(header["position"])),
        5: uint(int(header["eventCount"])),
        11: uint(len(payload)),
        12: blob(sha256(payload)),
    }
    anchor = header["anchor"]
    if anchor:
        fields[6] = text(anchor["id"]) if "id" in anchor else blob(bytes.fromhex(anchor["digest"]))
    if header["takenAt"] is not None:
        fields[7] = integer(header["takenAt"])
    if media_type is not None:
        fields[8] = text(media_type)
    if header["fence"] is not None:
        fields[16] = uint(int(header["fence"]))
    if header["meta"]:
        fields[17] = entries(header["meta"])
    return fields


def encode(fields):
    return head(5, len(fields)) + b"".join(uint(number) + fields[number] for number in sorted(fields))


def frame(header, payload, version=1, length=None):
    length = len(header) if length is None else length
    covered = MAGIC + struct.pack(">HI", version, length) + header
    return covered + sha256(b"snapfold.header.1\0" + covered) + payload


def header(**changes):
    plain = {
        "name": "cart", "version": 3, "streamId": "cart-42", "position": "1200", "eventCount": "1200",
        "anchor": None, "takenAt": None, "fence": None, "meta": None,
    }
    return {**plain, **changes}


def good_frames():
    def case(label, /, media_type=None, payload=PAYLOAD, **changes):
        described = header(**changes)
        encoded = encode(fields_of(described, media_type, payload))
        return {
            "name": label, "header": described, "mediaType": media_type,
            "payloadHex": payload.hex(), "frameHex": frame(encoded, payload).hex(),
        }

    everything = [
        ["zebra", 1], ["apple", {"$": "bigint", "v": "1"}], ["when", {"$": "date", "ms": 1500}],
        ["raw", {"$": "bytes", "hex": "00ff"}], ["list", [None, True, {"$": "number", "v": "1.5"}, {"$": "undefined"}]],
        ["nested", {"$": "object", "v": [["__proto__", "data"]]}], ["set", {"$": "set", "v": [2, 1]}],
    ]
    return [
        case("minimal"),
        case("full", anchor={"id": "event-1200"}, takenAt=1700000000000, fence="7", meta=[["region", "north"], ["attempt", 3]],
             eventCount="1100"),
        case("position 0", position="0", eventCount="1"),
        case("position 2^53 - 1", position=str(SAFE)),
        case("position 2^53", position=str(SAFE + 1)),
        case("position 2^64 - 1", position=str(2**64 - 1)),
        case("event count 2^64 - 1", eventCount=str(2**64 - 1)),
        case("version 1", version=1),
        case("version 2^32 - 1", version=2**32 - 1),
        case("anchor digest", anchor={"digest": sha256(b"event").hex()}),
        case("anchor id that looks like a digest", anchor={"id": "00" * 32}),
        case("anchor id empty", anchor={"id": ""}),
        case("taken at the epoch", takenAt=0),
        case("taken before the epoch", takenAt=-1),
        case("taken at the lower end", takenAt=-SAFE),
        case("taken at the upper end", takenAt=SAFE),
        case("fence 0", fence="0"),
        case("fence 2^64 - 1", fence=str(2**64 - 1)),
        case("unicode ids", name="Wägen", streamId="корзина/🛒 42"),
        case("ids with a byte order mark and a zero", name="\ufeffcart", streamId="a\0b"),
        case("metadata of every kind", meta=everything),
        case("a header longer than 255 bytes", meta=[["note", "x" * 300]]),
        case("media type", media_type="application/json", payload=b'{"b":1,"a":2}'),
        case("media type, empty payload", media_type="application/octet-stream", payload=b""),
        case("state null", payload=b"\xf6"),
        case("state of 300 bytes", payload=blob(bytes(297))),
    ]


def refused_frames():
    plain = fields_of(header(), None, PAYLOAD)
    sound = frame(encode(plain), PAYLOAD)

    def case(label, data, code, /, **expect):
        described = {"name": label, "frameHex": data.hex(), "code": code}
        return {**described, "expect": expect} if expect else described

    def with_fields(changes, payload=PAYLOAD):
        merged = {**plain, **changes}
        return frame(encode({number: data for number, data in merged.items() if data is not None}), payload)

    def flipped(index):
        return sound[:index] + bytes([sound[index] ^ 1]) + sound[index + 1:]

    compressed = {9: uint(1), 10: uint(100), 13: blob(sha256(b""))}
    structure = [
        ("a required field is missing", {1: None}), ("name empty", {1: text("")}), ("version 0", {2: uint(0)}),
        ("version 2^32", {2: uint(2**32)}), ("stream id empty", {3: text("")}), ("negative position", {4: integer(-1)}),
        ("event count 0", {5: uint(0)}), ("anchor of 31 bytes", {6: blob(bytes(31))}), ("anchor a number", {6: uint(1)}),
        ("anchor a typed array", {6: head(6, 72) + blob(bytes(32))}),
        ("taken-at 2^53", {7: integer(SAFE + 1)}), ("taken-at -2^53", {7: integer(-SAFE - 1)}),
        ("compression without raw length", {9: uint(1), 13: blob(sha256(b""))}), ("raw length without compression", {10: uint(7)}),
        ("state digest without compression", {13: blob(sha256(PAYLOAD))}), ("stored length 2^63", {11: uint(2**63)}),
        ("payload digest of 31 bytes", {12: blob(bytes(31))}), ("floor 1, which must be left out", {15: uint(1)}),
        ("metadata a list", {17: head(4, 0)}), ("metadata empty, which must be left out", {17: head(5, 0)}),
        ("metadata with a repeated key", {17: head(5, 2) + (text("a") + uint(1)) * 2}),
        ("an unknown field that is not well-formed", {99: b"\x18\x01"}),
    ]
    ascending = encode(plain)
    swapped = head(5, 2) + uint(2) + uint(3) + uint(1) + text("cart")
    not_a_value = fields_of(header(), None, b"\xff")
    return [
        case("nothing", b"", "truncated"),
        case("half of the magic", MAGIC[:4], "truncated"),
        case("not a frame", b'{"state":{}}', "corrupt"),
        case("line ends converted", MAGIC.replace(b"\r\n", b"\n") + sound[8:], "corrupt"),
        case("first byte lost its eighth bit", b"\x09" + sound[1:], "corrupt"),
        case("format version 0", frame(ascending, PAYLOAD, version=0), "corrupt"),
        case("format version 2", frame(ascending, PAYLOAD, version=2), "tooNew"),
        case("cut in the prelude", sound[:12], "truncated"),
        case("header length 0", frame(b"", PAYLOAD), "corrupt"),
        case("header length 65537", frame(ascending, PAYLOAD, length=65537), "corrupt"),
        case("header length 4 GiB", frame(ascending, PAYLOAD, length=2**32 - 1), "corrupt"),
        case("cut in the header", sound[:40], "truncated"),
        case("a bit of the header", flipped(20), "corrupt"),
        case("a bit of the header digest", flipped(14 + len(ascending)), "corrupt"),
        *[case(name, with_fields(changes), "corrupt") for name, changes in structure],
        case("fields out of order", frame(swapped, b""), "corrupt"),
        case("bytes behind the header map", frame(ascending + b"\0", PAYLOAD), "corrupt"),
        case("floor 2", with_fields({15: uint(2)}), "tooNew"),
        case("compressed", with_fields(compressed), "tooNew"),
        case("signed with a key", with_fields({14: text("2024")}), "tooNew"),
        case("of a built-in fold", with_fields({18: blob(bytes(32))}), "tooNew"),
        case("payload cut", sound[:-1], "truncated"),
        case("payload gone", sound[:-len(PAYLOAD)], "truncated"),
        case("bytes behind the payload", sound + b"\0", "corrupt"),
        case("state too large, found before anything else is compared", sound, "tooLarge",
             maxStateBytes=len(PAYLOAD) - 1, name="other", version=1),
        case("of another definition", sound, "foreign", name="Cart"),
        case("of another stream", sound, "foreign", streamId="cart-4"),
        case("of another position", sound, "foreign", position="1199"),
        case("of another stream and version: foreign first", sound, "foreign", streamId="cart-4", version=2),
        case("of a newer version", sound, "tooNew", version=2),
        case("of an older version", sound, "stale", version=5, migratable=[4]),
        case("a bit of the payload", flipped(len(sound) - 1), "corrupt"),
        case("of an older version, and damaged: stale first", flipped(len(sound) - 1), "stale", version=4),
        case("payload exchanged", sound[:-len(PAYLOAD)] + bytes(len(PAYLOAD)), "corrupt"),
        case("payload is not a value", frame(encode(not_a_value), b"\xff"), "corrupt"),
    ]


# Keys

def segment(identifier):
    data = identifier.encode()
    plain = b"abcdefghijklmnopqrstuvwxyz0123456789-_"

    def escaped(index, byte):
        inner_dot = byte == 0x2E and 0 < index < len(data) - 1
        return chr(byte) if byte in plain or inner_dot else "~%02x" % byte

    parts = [escaped(index, byte) for index, byte in enumerate(data)]
    if len("".join(parts)) <= 96:
        return "".join(parts)
    readable = ""
    for part in parts:
        if len(readable) + len(part) > 30:
            break
        readable += part
    return readable + "~~" + hashlib.sha256(data).hexdigest()


def keys():
    def case(name, stream, version=1, position=1):
        prefix = segment(name) + "/" + segment(stream) + "/"
        slot = prefix + "s/v%d/" % version
        return {
            "name": name, "stream": stream, "version": version, "position": str(position), "prefix": prefix, "slot": slot,
            "key": slot + "%016x" % (2**64 - 1 - position), "attempt": prefix + "a/v%d/%016x" % (version, 0),
        }

    return [
        case("cart", "cart-42", 3, 1200),
        case("cart", "cart-4", 3, 1200),
        case("cart", "cart-42", 1, 0),
        case("cart", "cart-42", 2**32 - 1, 2**64 - 1),
        case("cart", "cart-42", 1, 2**53 - 1),
        case("cart", "cart-42", 1, 2**53),
        case("cart", "cart-42", 1, 15),
        case("Cart", "CART-42"),
        case("cart", "a.b_c-d"),
        case("cart", "."), case("cart", ".."), case("cart", "..."), case("cart", ".hidden"), case("cart", "dotted."),
        case("cart", "a/b"), case("cart", "a~b"), case("cart", "~~"), case("cart", "a b%c"), case("cart", "a\0b"), case("cart", "con"),
        case("cart", "café"), case("cart", "cafe\u0301"), case("корзина", "🛒"), case("cart", "\ufeffcart"),
        case("cart", "a" * 96), case("cart", "a" * 97), case("cart", "a" * 1000),
        case("cart", "A" * 32), case("cart", "A" * 33), case("cart", "a" * 28 + "B" * 40), case("cart", "a" * 29 + "B" * 40),
        case("cart", "b" * 30 + "C" * 40), case("cart", "d" * 95 + "."), case("cart", "." + "e" * 94), case("n" * 200, "s" * 200),
        {"name": "", "stream": "cart-42", "code": "invalidId"},
        {"name": "cart", "stream": "", "code": "invalidId"},
    ]


def write(name, cases):
    lines = [json.dumps(case, ensure_ascii=True) for case in cases]
    with open(name, "w", encoding="ascii", newline="\n") as file:
        file.write("[\n  " + ",\n  ".join(lines) + "\n]\n")


if __name__ == "__main__":
    write("frames.json", good_frames())
    write("frames-refused.json", refused_frames())
    write("keys.json", keys())
