"""Sessions that another loaded copy of the package made."""

from typing import Any
from weakref import WeakKeyDictionary

from ..copies import is_named
from ..errors import OptionsError
from ..values import shown
from .session import CustomSession

SHARED = ("path", "recipe", "provider", "make_room", "doubt")  # what a session of another copy is made again of
_twins: WeakKeyDictionary[object, CustomSession] = WeakKeyDictionary()  # of sessions of another copy: the same as ours


def to_session(value: object) -> CustomSession:
    """A session of this or of another loaded copy of the package, as ours.

    Another copy's file is loaded once more, and stays loaded for as long as that session lives: the two copies may be
    of two versions. Raises OptionsError for what is no session.
    """
    if isinstance(value, CustomSession):
        return value
    session: Any = value
    if not is_named(session, CustomSession) or not all(hasattr(session, name) for name in SHARED):
        raise OptionsError(f"the session is {shown(value)}; give a CustomSession, which the model loader makes")
    if session not in _twins:
        _twins[session] = CustomSession(
            session.path, session.recipe, provider=session.provider, make_room=session.make_room
        )
        _twins[session].doubt = session.doubt
    return _twins[session]
