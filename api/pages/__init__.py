"""Pages for people in browsers, made here and filled from the database (docs/decisions/0012-pages.md)."""
