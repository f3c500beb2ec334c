#!/usr/bin/env python3
"""Writes frames.json, frames-refused.json and keys.json, the same three of built-in folds (fold-….json), frames that name the event types
their writer knows (type-….json) or that commit to a history (history-….json), histories.json and tombstone-keys.json, from the prose of docs/format.md, sections 2 and 3.

Standard library only, and nothing of this project: a second reading of the format. Run it in this folder; it prints nothing
and must leave the files as they are unless the format or the list of cases below has changed.
"""
import hashlib
import hmac
import json
import struct

MAGIC = b"\x89SNF\r\n\x1a\n"
SAFE = 2**53 - 1
PAYLOAD = bytes.fromhex("a2616201616102")  # {b: 1, a: 2}
KEY = {"id": "2024", "secretHex": bytes(range(32)).hex()}
FOLD = bytes(range(100, 132)).hex()
NAMESAKE = FOLD[:32] + "00" * 16  # the same slot
OTHER_KEY = {"id": "2025", "secretHex": bytes(range(32, 64)).hex()}


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
    if kind == "nested":
        return head(4, 1) * (note["depth"] - 1) + head(4, 0)
    raise ValueError(kind)


def bigint(whole):
    if abs(whole) > SAFE and -(2**64) <= whole < 2**64:
        return integer(whole)
    magnitude = whole if whole >= 0 else -1 - whole
    return head(6, 2 if whole >= 0 else 3) + blob(magnitude.to_bytes((magnitude.bit_length() + 7) // 8, "big"))


def entries(pairs):
    return head(5, len(pairs)) + b"".join(text(key) + value(item) for key, item in pairs)


# LZ4 (2.4)

DESCRIPTOR = bytes.fromhex("04224d18604082")
END = bytes(4)


def sequence(literals, offset=None, match=4):
    """Literals, then `match` bytes from `offset` bytes back; a block ends with one that has literals only."""
    def extended(length):
        return bytes([255] * ((length - 15) // 255) + [(length - 15) % 255]) if length >= 15 else b""

    repeated = 0 if offset is None else match - 4
    token = bytes([min(len(literals), 15) << 4 | min(repeated, 15)])
    back = b"" if offset is None else struct.pack("<H", offset) + extended(repeated)
    return token + extended(len(literals)) + literals + back


def block(body, compressed=True):
    return struct.pack("<I", len(body) | (0 if compressed else 1 << 31)) + body


def lz4(*blocks):
    return DESCRIPTOR + b"".join(blocks) + END


# Frames

def fields_of(header, media_type, payload, stored=None, key=None):
    """`stored` is what lies in the frame if the payload is compressed."""
    lying = payload if stored is None else stored
    fields = {
        1: text(header["name"]),
        2: uint(header["version"]),
        3: text(header["streamId"]),
        4: uint(int(header["position"])),
        5: uint(int(header["eventCount"])),
        11: uint(len(lying)),
        12: blob(sha256(lying)),
    }
    if stored is not None:
        fields.update({9: uint(1), 10: uint(len(payload)), 13: blob(sha256(payload))})
    if key is not None:
        fields[14] = text(key["id"])
    if header["anchor"]:
        fields[6] = anchor_value(header["anchor"])
    if header["takenAt"] is not None:
        fields[7] = integer(header["takenAt"])
    if media_type is not None:
        fields[8] = text(media_type)
    if header["fence"] is not None:
        fields[16] = uint(int(header["fence"]))
    if header["meta"]:
        fields[17] = entries(header["meta"])
    if header.get("foldDigestHex"):
        fields[18] = blob(bytes.fromhex(header["foldDigestHex"]))
    if header.get("commitmentHex"):
        fields[19] = blob(bytes.fromhex(header["commitmentHex"]))
    if header.get("knows"):
        fields[20] = texts(header["knows"])
    return fields


def anchor_value(anchor):
    return text(anchor["id"]) if "id" in anchor else blob(bytes.fromhex(anchor["digest"]))


def texts(items):
    return head(4, len(items)) + b"".join(text(item) for item in items)


def encode(fields):
    return head(5, len(fields)) + b"".join(uint(number) + fields[number] for number in sorted(fields))


def frame(header, payload, version=1, length=None, key=None):
    length = len(header) if length is None else length
    covered = MAGIC + struct.pack(">HI", version, length) + header
    digested = b"snapfold.header.1\0" + covered
    digest = sha256(digested) if key is None else hmac.digest(bytes.fromhex(key["secretHex"]), digested, "sha256")
    return covered + digest + payload


def header(**changes):
    plain = {
        "name": "cart", "version": 3, "streamId": "cart-42", "position": "1200", "eventCount": "1200",
        "anchor": None, "takenAt": None, "fence": None, "meta": None,
    }
    return {**plain, **changes}


def frame_case(label, /, media_type=None, payload=PAYLOAD, stored=None, key=None, **changes):
    described = header(**changes)
    encoded = encode(fields_of(described, media_type, payload, stored, key))
    return {
        "name": label, "header": described, "mediaType": media_type, "key": key, "compressed": stored is not None,
        "payloadHex": payload.hex(), "frameHex": frame(encoded, payload if stored is None else stored, key=key).hex(),
    }


def good_frames():
    case = frame_case
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
        case("metadata as deep as it may be", meta=[["deep", {"$": "nested", "depth": 254}]]),
        case("signed", key=KEY),
        case("signed, full", key=OTHER_KEY, anchor={"id": "event-1200"}, takenAt=1700000000000, fence="7",
             meta=[["region", "north"]]),
        case("signed with a secret longer than a block of the hash",
             key={"id": "Schlüssel/🔑", "secretHex": bytes(range(100)).hex()}),
        case("signed with the shortest secret", key={"id": " ", "secretHex": "00" * 16}),
        case("signed, media type", key=KEY, media_type="application/json", payload=b'{"b":1,"a":2}'),
        case("compressed, literals only", stored=lz4(block(sequence(PAYLOAD)))),
        case("compressed, one block as it is", stored=lz4(block(PAYLOAD, compressed=False))),
        case("compressed, two blocks", stored=lz4(block(sequence(PAYLOAD[:3])), block(PAYLOAD[3:], compressed=False))),
        case("compressed, a match", payload=text("abcabcabcabcabc!!!!!"),
             stored=lz4(block(sequence(b"\x74abc", offset=3, match=12) + sequence(b"!!!!!")))),
        case("compressed, a match that repeats one byte", payload=blob(bytes(2000)),
             stored=lz4(block(sequence(b"\x59\x07\xd0\x00", offset=1, match=1994) + sequence(bytes(5))))),
        case("compressed, long literals", payload=blob(bytes(range(256)) * 2),
             stored=lz4(block(sequence(b"\x59\x02\x00" + bytes(range(256)), offset=256, match=246)
                              + sequence(bytes(range(246, 256)))))),
        case("compressed, media type, empty", media_type="application/octet-stream", payload=b"", stored=lz4()),
        case("compressed and signed", key=KEY, stored=lz4(block(sequence(PAYLOAD))), anchor={"id": "event-1200"}),
    ]


def fold_frames():
    def case(label, /, **changes):
        return frame_case(label, **{"foldDigestHex": FOLD, **changes})

    return [
        case("minimal"),
        case("digest of zeros", foldDigestHex="00" * 32),
        case("full", anchor={"id": "event-1200"}, takenAt=1700000000000, fence="7", meta=[["region", "north"], ["attempt", 3]]),
        case("signed", key=KEY),
        case("compressed", stored=lz4(block(sequence(PAYLOAD)))),
        case("media type", media_type="application/json", payload=b'{"b":1,"a":2}'),
    ]


def refused_fold_frames():
    plain = fields_of(header(), None, PAYLOAD)
    folded = fields_of(header(foldDigestHex=FOLD), None, PAYLOAD)
    sound = frame(encode(folded), PAYLOAD)

    def case(label, data, code, /, **expect):
        return {"name": label, "frameHex": data.hex(), "code": code, "expect": expect}

    return [
        case("nothing expected", sound, "tooNew"),
        case("nothing but the stream expected", sound, "tooNew", name="cart", streamId="cart-42", position="1200"),
        case("nothing expected, and cut: truncated first", sound[:-1], "truncated"),
        case("of another fold", sound, "foreign", foldDigestHex="00" * 32),
        case("of another fold in the same slot", sound, "foreign", foldDigestHex=NAMESAKE),
        case("of another fold, and of a newer version: foreign first", sound, "foreign", foldDigestHex="00" * 32, version=2),
        case("of a built-in fold, and a version expected alone", sound, "foreign", version=3),
        case("of no built-in fold, and one expected", frame(encode(plain), PAYLOAD), "foreign", foldDigestHex=FOLD),
        case("of no built-in fold, and one expected with its version", frame(encode(plain), PAYLOAD), "foreign", foldDigestHex=FOLD,
             version=3),
        case("of the fold, of a newer version", sound, "tooNew", foldDigestHex=FOLD, version=2),
        case("of the fold, of an older version", sound, "stale", foldDigestHex=FOLD, version=4),
        case("of the fold, a bit of the payload", sound[:-1] + b"\3", "corrupt", foldDigestHex=FOLD),
        case("of the fold, not signed", sound, "unsigned", foldDigestHex=FOLD, keys=[KEY]),
        case("digest of 31 bytes", frame(encode({**plain, 18: blob(bytes(31))}), PAYLOAD), "corrupt"),
        case("digest of 33 bytes", frame(encode({**plain, 18: blob(bytes(33))}), PAYLOAD), "corrupt"),
        case("digest as text", frame(encode({**plain, 18: text("0" * 32)}), PAYLOAD), "corrupt"),
    ]


TYPES = ["added", "closed"]


def type_frames():
    def case(label, knows, /, **changes):
        return frame_case(label, **{"knows": knows, **changes})

    return [
        case("two types", TYPES),
        case("one type", ["added"]),
        case("types in the order of their UTF-8, not of UTF-16", ["Z", "a", "aa", "b", "é", "\uffee", "😀"]),
        case("many types", ["type-%03d" % n for n in range(300)]),
        case("a type of 300 bytes", ["x" * 300]),
        case("full", TYPES, anchor={"id": "event-1200"}, takenAt=1700000000000, fence="7", meta=[["region", "north"]], foldDigestHex=FOLD),
        case("signed", TYPES, key=KEY),
    ]


def refused_type_frames():
    plain = fields_of(header(), None, PAYLOAD)
    sound = frame(encode(fields_of(header(knows=TYPES), None, PAYLOAD)), PAYLOAD)

    def case(label, data, code, /, **expect):
        return {"name": label, "frameHex": data.hex(), "code": code, "expect": expect}

    def broken(label, field):
        return case(label, frame(encode({**plain, 20: field}), PAYLOAD), "corrupt")

    return [
        case("a type that the reader does not know", sound, "tooNew", knows=["added"]),
        case("no type that the reader knows", sound, "tooNew", knows=["opened", "paid"]),
        case("a type that the reader does not know, of another stream: foreign first", sound, "foreign", knows=["added"], streamId="cart-4"),
        case("a type that the reader does not know, of an older version: stale first", sound, "stale", knows=["added"], version=4),
        case("a type that the reader does not know, and damaged: too new first", sound[:-1] + b"\3", "tooNew", knows=["added"]),
        case("types that the reader knows, and damaged", sound[:-1] + b"\3", "corrupt", knows=["added", "closed", "paid"]),
        broken("no types", texts([])),
        broken("types that descend", texts(["b", "a"])),
        broken("a type twice", texts(["a", "a"])),
        broken("types in the order of UTF-16", texts(["😀", "\uffee"])),
        broken("a text", text("added")),
        broken("a number among the types", head(4, 2) + text("added") + uint(1)),
        broken("null among the types", head(4, 1) + b"\xf6"),
    ]


# History commitments (2.6)

def commitment(events):
    rolling = bytes(32)
    for position, anchor in events:
        rolling = sha256(b"snapfold.history.1\0" + rolling + position.to_bytes(8, "big") + anchor_value(anchor))
    return rolling


def ids(*positions):
    return [(position, {"id": "event-%d" % position}) for position in positions]


def digests(*positions):
    return [(position, {"digest": sha256(b"event %d" % position).hex()}) for position in positions]


def histories():
    def case(label, events):
        return {"name": label, "events": [
            {"position": str(position), "anchor": anchor, "commitmentHex": commitment(events[:count + 1]).hex()}
            for count, (position, anchor) in enumerate(events)
        ]}

    return [
        case("no events", []),
        case("ids", ids(1, 2, 3)),
        case("digests", digests(1, 2, 3)),
        case("ids and digests", ids(0) + digests(1) + ids(2)),
        case("positions with gaps", ids(3, 255, 256, 70000)),
        case("around 2^32", ids(2**32 - 1, 2**32)),
        case("around 2^53", ids(SAFE - 1, SAFE, SAFE + 1, SAFE + 2)),
        case("up to 2^64 - 1", digests(2**63, 2**64 - 2, 2**64 - 1)),
        case("an id that looks like a digest", [(1, {"id": "00" * 32}), (2, {"digest": "00" * 32})]),
        case("ids of many lengths", [(n, {"id": "x" * length}) for n, length in enumerate([1, 23, 24, 255, 256, 70000])]),
        case("ids beyond ASCII", [(1, {"id": "Bestellung/Ü 7"}), (2, {"id": "\ufeff🛒"})]),
    ]


def history_frames():
    def case(label, events, /, **changes):
        position, anchor = events[-1]
        stated = {"position": str(position), "eventCount": str(len(events)), "anchor": anchor, "commitmentHex": commitment(events).hex()}
        return frame_case(label, **{**stated, **changes})

    return [
        case("of ids", ids(1, 2, 3)),
        case("of digests", digests(1, 2, 3)),
        case("at a position beyond 2^53 - 1", ids(SAFE, SAFE + 1)),
        case("without an anchor", ids(1), anchor=None),
        case("full", ids(7, 9), takenAt=1700000000000, fence="7", meta=[["region", "north"]], foldDigestHex=FOLD, knows=TYPES),
        case("signed", digests(1), key=KEY),
        case("compressed", digests(1), stored=lz4(block(sequence(PAYLOAD)))),
    ]


def refused_history_frames():
    plain = fields_of(header(), None, PAYLOAD)

    def broken(label, field):
        return {"name": label, "frameHex": frame(encode({**plain, 19: field}), PAYLOAD).hex(), "code": "corrupt", "expect": {}}

    return [
        broken("no bytes", blob(b"")),
        broken("31 bytes", blob(bytes(31))),
        broken("33 bytes", blob(bytes(33))),
        broken("a text", text("00" * 16)),
        broken("null", b"\xf6"),
        broken("an array of one", head(4, 1) + blob(bytes(32))),
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

    def signed(key, changes={}, sign=True):
        fields = {**fields_of(header(), None, PAYLOAD, key=key), **changes}
        encoded = encode({number: data for number, data in fields.items() if data is not None})
        return frame(encoded, PAYLOAD, key=key if sign else None)

    def compressed(stored, payload=PAYLOAD, changes={}):
        return frame(encode({**fields_of(header(), None, payload, stored), **changes}), stored)

    def deep(levels):
        return head(5, 1) + text("deep") + value({"$": "nested", "depth": levels - 1})

    zeros = blob(bytes(2000))
    small = lz4(block(sequence(b"\x59\x07\xd0\x00", offset=1, match=1994) + sequence(bytes(5))))
    sound_blocks = block(sequence(PAYLOAD))
    broken_lz4 = [
        ("nothing", b""),
        ("no LZ4 frame", PAYLOAD),
        ("only the descriptor", DESCRIPTOR),
        ("linked blocks", bytes.fromhex("04224d184040c0") + sound_blocks + END),
        ("blocks of 4 MiB", bytes.fromhex("04224d18607073") + sound_blocks + END),
        ("a content checksum", bytes.fromhex("04224d186440a7") + sound_blocks + END + bytes(4)),
        ("a check byte that is wrong", bytes.fromhex("04224d18604083") + sound_blocks + END),
        ("a skippable frame in front", bytes.fromhex("502a4d1800000000") + lz4(sound_blocks)),
        ("no end", DESCRIPTOR + sound_blocks),
        ("half of the end", DESCRIPTOR + sound_blocks + END[:2]),
        ("bytes behind the end", lz4(sound_blocks) + b"\0"),
        ("two frames", lz4(block(sequence(PAYLOAD[:3]))) + lz4(block(sequence(PAYLOAD[3:])))),
        ("a block that is cut", DESCRIPTOR + sound_blocks[:-1]),
        ("an empty block as it is", lz4(block(b"", compressed=False), sound_blocks)),
        ("a block that expands to nothing", lz4(block(b"\0"), sound_blocks)),
        ("a block that says it is too long", DESCRIPTOR + struct.pack("<I", 65_537) + PAYLOAD + END),
        ("less than the raw length", lz4(block(sequence(PAYLOAD[:-1])))),
        ("more than the raw length", lz4(block(sequence(PAYLOAD + b"\0")))),
        ("more than the raw length, in another block", lz4(sound_blocks, block(b"\0", compressed=False))),
        ("a match that runs over the raw length", lz4(block(sequence(PAYLOAD, offset=1, match=60_000) + sequence(b"")))),
        ("an offset of 0", lz4(block(sequence(PAYLOAD[:1], offset=0) + sequence(PAYLOAD[5:])))),
        ("an offset in front of the block", lz4(block(sequence(PAYLOAD[:1], offset=2) + sequence(PAYLOAD[5:])))),
        ("an offset into the block before", lz4(block(sequence(PAYLOAD[:3])), block(sequence(b"", offset=1) + sequence(b"")))),
        ("literals that are cut", lz4(block(sequence(PAYLOAD)[:-1]))),
        ("other bytes than the state digest says", lz4(block(sequence(PAYLOAD[:-1] + b"\3")))),
    ]
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
        ("metadata that is too deep", {17: deep(256)}), ("an unknown field that is too deep", {99: deep(256)}),
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
        case("floor 2, and fields of other forms than ours", with_fields({6: blob(bytes(64)), 13: text("new"), 15: uint(2)}), "tooNew"),
        case("compressed in a way that is reserved", compressed(b"\0", changes={9: uint(2)}), "tooNew"),
        case("compressed in a way that is reserved, and longer than LZ4 could be",
             compressed(b"\0", bytes(256), {9: uint(2)}), "tooNew"),
        case("compressed, and longer than LZ4 could be", compressed(b"\0", bytes(256)), "corrupt"),
        case("compressed, too large, found before the payload is looked at", compressed(b"\0" * len(small), zeros), "tooLarge",
             maxStateBytes=len(zeros) - 1),
        case("compressed, a bit of the payload", compressed(small, zeros)[:-1] + b"\1", "corrupt"),
        *[case("compressed, " + label, compressed(stored), "corrupt") for label, stored in broken_lz4],
        case("compressed, not a value", compressed(lz4(block(sequence(b"\xff"))), b"\xff"), "corrupt"),
        case("signed, no keys given", signed(KEY), "unknownKey"),
        case("signed, another key given", signed(KEY), "unknownKey", keys=[OTHER_KEY]),
        case("signed, another secret of that name given", signed(KEY), "corrupt", keys=[{**OTHER_KEY, "id": KEY["id"]}]),
        case("signed, and named after another key", signed(KEY, {14: text(OTHER_KEY["id"])}), "corrupt", keys=[KEY, OTHER_KEY]),
        case("named after a key, but not signed", signed(KEY, sign=False), "corrupt", keys=[KEY]),
        case("signed, but not named after a key", signed(KEY, {14: None}), "corrupt", keys=[KEY]),
        case("signed, but not named after a key, no keys given", signed(KEY, {14: None}), "corrupt"),
        case("signed, a bit of the header", signed(KEY)[:20] + b"\0" + signed(KEY)[21:], "corrupt", keys=[KEY]),
        case("signed, of a newer version: unknown key first", signed(KEY), "unknownKey", keys=[OTHER_KEY], version=2),
        case("signed, of a newer version", signed(KEY), "tooNew", keys=[OTHER_KEY, KEY], version=2),
        case("signed, key id empty", signed({**KEY, "id": ""}), "corrupt", keys=[KEY]),
        case("not signed, keys given", sound, "unsigned", keys=[KEY]),
        case("not signed and of another stream: unsigned first", sound, "unsigned", keys=[KEY], streamId="cart-4"),
        case("not signed and a bit of the header, keys given", flipped(20), "corrupt", keys=[KEY]),
        case("another field where the key id would be named", with_fields({4: None, 5: None, 14: uint(1200)}), "corrupt"),
        case("fields behind the key id that do not ascend", frame(head(5, 2) + uint(14) + text("2024") + uint(3) + uint(1), PAYLOAD),
             "corrupt"),
        case("a header that cannot be read up to its key", frame(b"\xa2\x01\x7f", PAYLOAD), "corrupt", keys=[KEY]),
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


def fold_keys():
    def case(name, stream, digest=FOLD, position=1):
        prefix = segment(name) + "/" + segment(stream) + "/"
        slot = "f" + digest[:32]
        return {
            "name": name, "stream": stream, "foldDigestHex": digest, "position": str(position), "prefix": prefix,
            "slot": prefix + "s/" + slot + "/", "key": prefix + "s/" + slot + "/%016x" % (2**64 - 1 - position),
            "attempt": prefix + "a/" + slot + "/%016x" % 0,
        }

    return [
        case("cart", "cart-42", position=1200),
        case("cart", "cart-42", position=0),
        case("cart", "cart-42", position=2**64 - 1),
        case("cart", "cart-42", digest=NAMESAKE),
        case("cart", "cart-42", digest="00" * 32),
        case("cart", "cart-42", digest="ff" * 32),
        case("n" * 200, "S" * 200),
    ]


def tombstone_keys():
    def case(name, stream):
        digest = hashlib.sha256(stream.encode()).hexdigest()
        return {"name": name, "stream": stream, "tombstone": segment(name) + "/~~" + digest + "/t/v0/" + "0" * 16}

    return [
        case("cart", "cart-42"), case("cart", "cart-4"), case("Cart", "CART-42"), case("корзина", "🛒"), case("cart", "a/b"),
        case("cart", "~~"), case("cart", "."), case("cart", "\ufeffcart"), case("cart", "a" * 97), case("n" * 200, "s" * 200),
    ]


def write(name, cases):
    lines = [json.dumps(case, ensure_ascii=True) for case in cases]
    with open(name, "w", encoding="ascii", newline="\n") as file:
        file.write("[\n  " + ",\n  ".join(lines) + "\n]\n")


if __name__ == "__main__":
    write("frames.json", good_frames())
    write("frames-refused.json", refused_frames())
    write("keys.json", keys())
    write("fold-frames.json", fold_frames())
    write("fold-frames-refused.json", refused_fold_frames())
    write("fold-keys.json", fold_keys())
    write("type-frames.json", type_frames())
    write("type-frames-refused.json", refused_type_frames())
    write("histories.json", histories())
    write("history-frames.json", history_frames())
    write("history-frames-refused.json", refused_history_frames())
    write("tombstone-keys.json", tombstone_keys())
