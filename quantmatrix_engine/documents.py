"""Documents people write: what is wrong with one, in words."""

import difflib
from typing import Any

from pydantic import BaseModel, ValidationError


def in_words(model: type[BaseModel], error: ValidationError, *, what: str) -> str:
    """Gives what `error` found wrong: each field with its value and what would be right.

    `what` is the noun of the model's fields. One that does not exist is answered with the nearest.
    """
    return "; ".join(_of_field(model, detail, what) for detail in error.errors())


def _of_field(model: type[BaseModel], detail: Any, what: str) -> str:
    name = ".".join(str(part) for part in detail["loc"])
    if detail["type"] == "extra_forbidden":
        near = difflib.get_close_matches(name, model.model_fields, n=1)
        names = ", ".join(model.model_fields)
        known = f"did you mean {near[0]!r}?" if near else f"there are: {names}"
        return f"there is no {what} {name!r}, {known}"
    said = detail["msg"].removeprefix("Value error, ")
    return f"{name} = {detail['input']!r}: {said}" if name else str(said)
