"""Pages of lists."""

__all__ = ["within"]


def within(asked: int, total: int, per_page: int) -> tuple[int, int]:
    """Return the page that can be shown for the one that was *asked* for, and how many pages there are (at least one)."""
    pages = max(1, -(-total // per_page))
    return min(max(asked, 1), pages), pages
