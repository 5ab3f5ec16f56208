"""Any text becomes one plain line, which stays as it is when it is made plain again."""

from onnx_segmentation.plain_text import NAME, plain, plain_list
from test_plain_text import is_plain

PARTS = [*"<>&;#[]|/!?aZm'\"\\ \n\r\t\x00\x1b\x07\x7f\x85\x9b\x9c\x9d\xa0\u2028\u202e\u2066\u200d\ufeff\ud800\udfff"]
PARTS += ["lt;", "img", "onerror=", "\x1b[", "\x1b]", "\x1b\\", "2J", "0;t", "\ufffd", "\u2026", "x" * 200]
PARTS += ["\U000e0041", "\U0001f408", "\u0301", "\u0635", "\uffff"]


def test_any_text_becomes_plain(draws):
    for case, rng in draws:
        text = "".join(
            rng.choice(PARTS) if rng.randrange(4) else chr(rng.randrange(0x110000)) for _ in range(rng.randrange(40))
        )
        line = plain(text)
        assert is_plain(line, NAME), f"{case}: {text!r}"
        assert plain(line) == line, f"{case}: {text!r}"
        assert is_plain(plain_list([text] * 20)), f"{case}: {text!r}"
