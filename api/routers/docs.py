"""The description of the API as a page that opens without any network: rendered here, no script, nothing fetched."""

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import HTMLResponse

if TYPE_CHECKING:
    from jinja2 import Template

router = APIRouter()
TEMPLATES = Path(__file__).parent.parent / "templates"
POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"


@router.get("/docs", include_in_schema=False)
async def docs(request: Request) -> HTMLResponse:
    """All addresses with what they take and answer; programs read /openapi.json."""
    return HTMLResponse(_page(request.app), headers={"Content-Security-Policy": POLICY})


@lru_cache(maxsize=4)
def _page(app: FastAPI) -> str:
    document = app.openapi()
    tags = [tag | {"operations": _operations(document, tag["name"])} for tag in document.get("tags", [])]
    return _template().render(document=document, tags=tags, schemas=document["components"]["schemas"])


def _operations(document: dict[str, Any], tag: str) -> list[dict[str, Any]]:
    return [
        operation | {"path": path, "method": method.upper()}
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
        if tag in operation.get("tags", [])
    ]


@lru_cache(maxsize=1)
def _template() -> "Template":
    from jinja2 import Environment, FileSystemLoader

    made = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True)
    return made.get_template("docs.html")
