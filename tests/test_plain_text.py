"""Text of others on its way to a page, a terminal, a log: one harmless line, and our own words as they are."""

import logging
import re
import unicodedata

import pytest
from onnx_segmentation import errors
from onnx_segmentation.plain_text import LINE, NAME, plain, plain_error, plain_list

EVIL = "<img src=x onerror=alert(1)>\x1b[31mred\x1b]0;title\x07\nFAKE LINE\u202egnp.exe\x00\x9b2J</script>"
TAG = re.compile(r"<[a-zA-Z/!?]")  # where HTML begins a tag


def is_plain(text, limit=LINE):
    categories = {unicodedata.category(character)[0] for character in text}
    return not categories & {"C"} and not TAG.search(text) and text == " ".join(text.split()) and len(text) <= limit


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("<img src=x onerror=alert(1)>", "\u2039img src=x onerror=alert(1)>"),
        ("a<svg/onload=x>", "a\u2039svg/onload=x>"),
        ("</div><!-- --><?php", "\u2039/div>\u2039!-- -->\u2039?php"),
        ("&lt;b&gt; &#60; &#x3c;", "\uff06lt;b\uff06gt; \uff06#60; \uff06#x3c;"),
        ("[[click|https://evil.example]]", "([click|https://evil.example]]"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]8;;https://evil.example\x07link\x1b]8;;\x1b\\", "link"),
        ("\x9b2Jcleared \x1bcreset \x9d0;title\x9c", "cleared reset"),
        ("\x1b", "\ufffd"),
        ("a\nb\r\nc\td\x85e\u2028f", "a b c d e f"),
        ("photo\u202egnp.exe", "photo\ufffdgnp.exe"),
        ("\u2066x\u2069\u200f", "\ufffdx\ufffd\ufffd"),
        ("nul\x00 bell\x07 \ud800 \ufeff", "nul\ufffd bell\ufffd \ufffd \ufffd"),
        ("", ""),
    ],
)
def test_what_others_write_is_made_harmless(text, said):
    assert plain(text) == said
    assert plain(said) == said


@pytest.mark.parametrize(
    "text",
    [
        'pip install "onnxruntime-gpu>=1.24,<1.27"',
        "pip uninstall -y a b && pip install c",
        "https://mirror.example/file?a=1&b=2",
        "u2net [1, 3, ?, ?] 'mask' façade \u5199\u771f \u0635\u0648\u0631\u0629 \U0001f408",
        "[[1, 3], [2, 4]]",
    ],
)
def test_what_we_write_stays(text):
    assert plain(text, LINE) == text


@pytest.mark.parametrize("size", [NAME, NAME + 1, 10**7])
def test_is_of_limited_length(size):
    assert len(plain("a" * size)) == NAME
    assert plain("a" * size).endswith("…") == (size > NAME)
    assert len(plain_list(["a" * size] * 1000)) < 10 * (NAME + 2)


def test_every_error_of_ours_is_plain():
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, Exception)]
    assert len(kinds) > 20
    for kind in kinds:
        assert is_plain(str(kind(EVIL * 100)))


def test_so_is_the_cause_that_a_host_logs():
    cause = RuntimeError(EVIL)
    assert is_plain(plain_error(cause)) and is_plain(str(cause))
    assert plain_error(OSError(2, "No such file", "x\x1b[31m.onnx"))


def test_and_each_record_of_the_log(caplog):
    logging.getLogger("onnx_segmentation").warning("%s is here", EVIL)
    logging.getLogger("onnx_segmentation").warning(EVIL * 1000)
    assert all(is_plain(record.getMessage()) for record in caplog.records) and len(caplog.records) == 2
