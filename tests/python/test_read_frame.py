"""Another language reads our frames with a stock CBOR library: the reader beside this file over the golden frames."""
import hashlib
import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from read_frame import read_frame

HERE = Path(__file__).parent
GOLDEN = json.loads((HERE.parent / "vectors" / "frames.json").read_text())


def keys_of(case):
    return {case["key"]["id"]: bytes.fromhex(case["key"]["secretHex"])} if case["key"] else {}


class GoldenFrames(unittest.TestCase):
    def test_headers_and_state_digests(self):
        self.assertGreater(len(GOLDEN), 35)
        for case in GOLDEN:
            with self.subTest(case["name"]):
                header, payload = read_frame(bytes.fromhex(case["frameHex"]), keys_of(case))
                stated = case["header"]
                self.assertEqual([header[1], header[2], header[3]], [stated["name"], stated["version"], stated["streamId"]])
                self.assertEqual([header[4], header[5]], [int(stated["position"]), int(stated["eventCount"])])
                self.assertEqual([header.get(7), header.get(8)], [stated["takenAt"], case["mediaType"]])
                self.assertEqual(header.get(16), None if stated["fence"] is None else int(stated["fence"]))
                self.assertEqual(list(header.get(17, {})), [name for name, _ in stated["meta"] or []])
                raw = bytes.fromhex(case["payloadHex"])
                self.assertEqual(header.get(13, header[12]), hashlib.sha256(raw).digest())
                self.assertEqual(header.get(10, header[11]), len(raw))
                if not case["compressed"]:
                    self.assertEqual(payload, raw)

    def test_every_changed_byte_is_refused(self):
        for case in GOLDEN:
            if case["name"] not in ("full", "signed", "compressed and signed"):
                continue
            frame = bytes.fromhex(case["frameHex"])
            for at in range(len(frame)):
                with self.subTest(case["name"], at=at), self.assertRaises(Exception):
                    read_frame(frame[:at] + bytes([frame[at] ^ 1]) + frame[at + 1:], keys_of(case))

    def test_keys_are_asked_for(self):
        for case in GOLDEN:
            with self.subTest(case["name"]), self.assertRaises((ValueError, KeyError)):
                read_frame(bytes.fromhex(case["frameHex"]), {} if case["key"] else {"2024": bytes(16)})

    def test_the_script_prints_header_and_state_digest(self):
        case = next(case for case in GOLDEN if case["name"] == "signed, full")
        with tempfile.NamedTemporaryFile() as file:
            file.write(bytes.fromhex(case["frameHex"]))
            file.flush()
            key = case["key"]["id"] + "=" + case["key"]["secretHex"]
            command = [sys.executable, HERE / "read_frame.py", file.name, key]
            printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
        self.assertIn("stream id: cart-42", printed)
        self.assertIn("position: 1200", printed)
        self.assertIn("state digest: " + hashlib.sha256(bytes.fromhex(case["payloadHex"])).hexdigest(), printed)

    def test_the_reader_is_a_page_long(self):
        self.assertLessEqual(len((HERE / "read_frame.py").read_text().splitlines()), 40)


if __name__ == "__main__":
    unittest.main(testRunner=unittest.TextTestRunner(stream=sys.stdout))
