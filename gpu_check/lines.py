"""What the check found, a line each, and as JSON for a bug report."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace


@dataclass(frozen=True)
class Line:
    """off: the largest difference between GPU and CPU, and what is allowed. GPU and CPU in ms; launches, waits of the
    host, and peak memory in MB of one run on the GPU. Whatever was not measured is None."""

    step: str
    passed: bool
    note: str = ""
    off: float | None = None
    allowed: float | None = None
    gpu_ms: float | None = None
    cpu_ms: float | None = None
    launches: int | None = None
    waits: int | None = None
    peak_mb: float | None = None

    def __str__(self) -> str:
        numbers = {
            "off {:.1e}": self.off,
            "(allowed {:g})": self.allowed,
            "GPU {:.1f} ms": self.gpu_ms,
            "CPU {:.1f} ms": self.cpu_ms,
            "launches {:d}": self.launches,
            "waits {:d}": self.waits,
            "peak {:.0f} MB": self.peak_mb,
        }
        words = [form.format(number) for form, number in numbers.items() if number is not None]
        parts = ["PASS" if self.passed else "FAIL", f"{self.step:30}", *words, self.note]
        return "  ".join(part for part in parts if part).rstrip()


def verdict(lines: Iterable[Line]) -> str:
    failed = [line.step for line in lines if not line.passed]
    return f"FAIL: {len(failed)} steps: {', '.join(failed)}" if failed else "PASS"


def to_json(about: list[str], lines: list[Line]) -> str:
    rounded = [asdict(replace(line, gpu_ms=_short(line.gpu_ms), cpu_ms=_short(line.cpu_ms))) for line in lines]
    return json.dumps({"machine": about, "lines": rounded, "verdict": verdict(lines)}, indent=1)


def _short(number: float | None) -> float | None:
    return None if number is None else round(number, 2)
