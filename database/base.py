"""What all tables share: how Python's types are kept."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Boolean, DateTime, Float, Integer, String
from sqlalchemy.orm import DeclarativeBase


class Base(DeclarativeBase):
    """Times are UTC without zone."""

    type_annotation_map = {  # noqa: RUF012  (SQLAlchemy's own form)
        datetime: DateTime,
        str: String,
        float: Float,
        int: Integer,
        bool: Boolean,
        dict[str, Any]: JSON,
        list[str]: JSON,
    }
