"""The form that a text must have: as a pattern for programs, and in words with an example for people."""

from dataclasses import dataclass
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema

NOT_THE_FORM = "form"
"""The type of pydantic's error about a text that has another form."""


@dataclass(frozen=True, slots=True)
class Form:
    """Stands in a type for pydantic's own `pattern`, which would tell people the pattern.

    >>> from typing import Annotated
    >>> from pydantic import TypeAdapter, ValidationError
    >>> Week = Annotated[str, Form(r"^[0-9]{4}-W[0-9]{2}$", "a year and a week", "2026-W12")]
    >>> try:
    ...     TypeAdapter(Week).validate_python("last week")
    ... except ValidationError as failure:
    ...     failure.errors()[0]["msg"]
    'must be a year and a week, such as 2026-W12'
    """

    pattern: str
    """Without look-around: Rust's engine reads it."""
    words: str
    """What it must be."""
    example: str

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """What pydantic checks."""
        fits = core_schema.custom_error_schema(
            core_schema.str_schema(pattern=self.pattern),
            custom_error_type=NOT_THE_FORM,
            custom_error_message="must be {words}, such as {example}",
            custom_error_context={"words": self.words, "example": self.example},
        )
        return core_schema.chain_schema([handler(source), fits])

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """What JSON Schema says of it."""
        return handler(schema) | {"pattern": self.pattern, "examples": [self.example]}
