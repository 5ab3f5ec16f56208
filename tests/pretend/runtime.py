"""onnxruntime with a device's memory bound to it, which is the CPU's."""

from copy import copy
from typing import Any

from .counts import COUNTS
from .tensors import CUDA


class _Inner:
    """What shares its memory, in onnxruntime 1.22 to 1.25 the inner value alone."""

    def __init__(self, value: Any) -> None:
        self.pretended = value

    def __dlpack__(self, **_: Any) -> None:
        raise AssertionError("torch.from_dlpack is the pretended one")


class _Value:
    def __init__(self, value: Any, public: bool) -> None:
        self._value, self._ortvalue, self.pretended = value, _Inner(value), value
        if public:
            self.__dlpack__ = self._ortvalue.__dlpack__

    def numpy(self) -> Any:
        COUNTS.copy("down", self._value.numpy().nbytes, waits=True)
        return self._value.numpy()


class _Binding:
    def __init__(self, session: Any) -> None:
        self.real = session.io_binding()

    def bind_input(self, name: str, device: str, number: int, *rest: Any) -> None:
        assert device == "cuda", device
        self.real.bind_input(name, "cpu", 0, *rest)

    def bind_cpu_input(self, name: str, value: Any) -> None:
        COUNTS.copy("up", value.nbytes, waits=True)
        self.real.bind_cpu_input(name, value)

    def bind_output(self, name: str, device: str = "cpu", *_: Any) -> None:
        assert device == "cuda", device
        self.real.bind_output(name, "cpu", 0)

    def synchronize_outputs(self) -> None:
        COUNTS.wait("binding.synchronize_outputs")

    def get_outputs(self) -> list[_Value]:
        return [_Value(value, public=True) for value in self.real.get_outputs()]


class _Session:
    def __init__(self, session: Any) -> None:
        self.real = session

    def io_binding(self) -> _Binding:
        return _Binding(self.real)

    def run_with_iobinding(self, binding: _Binding, _: Any) -> None:
        COUNTS.wait("the model's run")
        self.real.run_with_iobinding(binding.real)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)


def on_pretend(session: Any) -> Any:
    """A session on the CPU, such as CustomSession or Refiner, as if it ran on CUDA."""
    other = copy(session)
    other.model = copy(session.model)
    other.model._session = _Session(session.model._session)
    other.model.device = CUDA
    other.model.providers = ["CUDAExecutionProvider", "CPUExecutionProvider"]
    return other
